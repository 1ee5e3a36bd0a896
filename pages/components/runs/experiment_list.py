"""All experiments: how far each is, what was tried, and what was best."""

from __future__ import annotations

from logging import getLogger

import streamlit as st

from core import errors
from core.experiments.sweep import Sweep
from core.recipes import find_recipe
from core.runs.store import MOVING
from core.runs.summary import Summary
from core.text.numbers import UNKNOWN, percent
from pages.components.shell.fences import ONE, damaged
from pages.components.shell.html_parts import html_table, table_row
from pages.components.shell.links import TRAIN, anchor, experiment_page, form_page, page_link, switch_page
from pages.components.shell.number_words import moment
from pages.components.shell.widgets import pressed, redrawn
from pages.components.train.cards import use_recipe
from pages.components.train.experiments import Experiment, experiment, experiments
from pages.components.train.sweep_form import fill_sweep

REFRESH_SECONDS = 2.0
SHOWN = 50  # the newest
EXAMPLE = {"optimizer.learning_rate": [0.02, 0.002, 0.0002]}
HEAD = ["Experiment", "Tried", "Runs done", "Best value", "Validation", "Started"]


def draw_experiments() -> None:
    """A row for each, newest first; it moves while runs of one train."""
    if experiments():
        redrawn(experiments, _moves, _draw, REFRESH_SECONDS)
    else:
        st.markdown("An experiment is several runs that differ in chosen settings: three learning rates, for example.")
    _ways_to_one()


def _moves(found: dict[str, list[Summary]]) -> bool:
    return any(run.status in MOVING for runs in found.values() for run in runs)


def _draw(found: dict[str, list[Summary]]) -> None:
    st.html(html_table(HEAD, [_whatever(name, runs) for name, runs in list(found.items())[:SHOWN]]))
    if len(found) > SHOWN:
        st.caption(f"The newest {SHOWN} of {len(found):,}.")


def _whatever(name: str, runs: list[Summary]) -> str:
    """Its row; of runs that no check foresaw one that says so."""
    try:
        return row(experiment(name, runs))
    except errors.UNFORESEEN as error:
        getLogger(__name__).exception("experiment %s has no row", name)
        return table_row(anchor(experiment_page(name), name), [damaged(ONE, error), *[UNKNOWN] * (len(HEAD) - 2)])


def row(shown: Experiment) -> str:
    """HTML of one experiment's row."""
    best = shown.best()
    done = len(shown.runs) - len(shown.moving)
    cells = [
        ", ".join(setting.title for setting in shown.settings) or UNKNOWN,
        f"{done} of {len(shown.runs)}",
        ", ".join(setting.in_words(best) for setting in shown.settings) if best is not None else UNKNOWN,
        percent(shown.runs[best].val_accuracy) if best is not None else UNKNOWN,
        moment(min((run.created for run in shown.runs), default=0.0)),
    ]
    link = anchor(experiment_page(shown.name), shown.name)
    return table_row(link, cells)


def _ways_to_one() -> None:
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        if pressed("Try three learning rates", icon=":material/science:", key="example experiment"):
            recipe = find_recipe("digits")
            use_recipe(recipe)
            fill_sweep(Sweep(recipe.config(), "", EXAMPLE))
            switch_page(form_page("recipe", recipe.name))
        page_link(TRAIN, label="Choose other settings on Train, under 'Try several values'")
