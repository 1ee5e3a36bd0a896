"""What differs in the form from the recipe or run it was filled from: named, and marked at its field."""

from __future__ import annotations

import re

import streamlit as st

from core.analysis.compare import Setting, differences
from core.errors import TrainDeskError
from core.paths import runs_folder
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.metadata import title_of
from core.runs.store import find_run
from pages.components.shell.form_values import WIDGET, key_of
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.setting_words import value_in_words
from pages.components.train.filled_form import origin

NAMED = 6  # changes that are named; of more it gives the number


def draw_origin(config: RunConfig | None) -> None:
    """What the form holds and where that came from, what was changed since, and a mark at each changed field."""
    kind, name = origin()
    filled = _origin(kind, name)
    st.markdown(_held(kind, name, filled))
    if config is None or filled is None:
        return
    changes = differences([filled[1], config])
    st.html(f"<style>{marks(config, changes)}</style>")
    if changes:
        said = "; ".join(in_words(change) for change in changes[:NAMED])
        more = f" and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
        st.caption(f":material/edit: Changed from {plain_markdown(filled[0])}: {plain_markdown(said)}{more}")


def _held(kind: str, name: str, origin: tuple[str, RunConfig] | None) -> str:
    """Markdown: one line about what the form was filled with."""
    if kind == "dataset":
        return "The form is set up for your pictures. Start at the bottom, or change what you like first."
    if kind == "from":
        title = origin[0] if origin else name  # it was deleted meanwhile
        return f"The form below holds the settings of **{plain_markdown(title)}**. Change what you like, then start."
    if kind == "experiment":
        held = f"The form below holds the settings of **{plain_markdown(name)}**"
        return f"{held}; what it tried stands under **Try several values**."
    if kind == "recipe" and origin:
        return f"**{plain_markdown(origin[0])}**: {find_recipe(name).summary}"
    return "Pick a recipe, or choose everything yourself."


def in_words(change: Setting) -> str:
    """ "Learning rate 0.002 → 0.01"."""
    before, after = ("none" if value is None else value_in_words(change.spec, value) for value in change.values)
    return f"{change.title} {before} → {after}"


def marks(config: RunConfig, changes: list[Setting]) -> str:
    """CSS for the fields of these settings: a widget's key is a class of its element."""
    keys = [WIDGET + key_of(change.path, config.chosen()) for change in changes]
    rules = [".st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key) for key in keys]
    return f"{', '.join(rules)} {{ border-left: 3px solid #c8641b; padding-left: .5rem; }}" if rules else ""


def _origin(kind: str, name: str) -> tuple[str, RunConfig] | None:
    """The name and config of what the form was filled from, if it is still there."""
    try:
        if kind == "recipe":
            recipe = find_recipe(name)
            return recipe.title, recipe.config()
        if kind == "from":
            run = find_run(name, runs_folder())
            return title_of(run, run.config()), run.config()
    except TrainDeskError:
        return None
    return None
