"""The form filled: from a recipe, a run, an experiment, someone's pictures, or with a change. What it was filled from is kept,
and what was changed since is named and marked at its field."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

from core.analysis.compare import Setting, differences
from core.errors import TrainDeskError
from core.game.played import game_of
from core.game.rules import first_config
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.suggest import suggested
from core.paths import data_folder, runs_folder
from core.recipes import Recipe, find_recipe
from core.run_config import RunConfig
from core.runs.metadata import title_of
from core.runs.store import Run, find_run
from core.workers.short_memory import with_remedy
from pages.components.shell.form_values import WIDGET, fill, key_of
from pages.components.shell.links import TRAIN, form_page, show, switch_page
from pages.components.shell.messages import errors_shown, show_warning
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.playing import play_for
from pages.components.shell.setting_words import value_in_words
from pages.components.train.sweep_form import fill_from_experiment

FILLED_FROM = "form filled from"
NAMED = 6  # changes that are named; of more it gives the number


class Origin(NamedTuple):
    """What the form was filled from: ("recipe", its name), ("from", run id), ("experiment", its name), ("dataset", its id),
    ("group", its name in the class game), or nothing."""

    kind: str = ""
    name: str = ""


def origin() -> Origin:
    """What it was filled from, or nothing."""
    return Origin(*st.session_state.get(FILLED_FROM, ()))


def set_origin(filled_from: Origin) -> None:
    """Says what it was filled from."""
    st.session_state[FILLED_FROM] = tuple(filled_from)


def fill_from(kind: str, name: str, config: RunConfig) -> None:
    """Makes the form show this config. Before the form's widgets are drawn."""
    fill(config)
    set_origin(Origin(kind, name))


def use_recipe(recipe: Recipe) -> None:
    """Fills the form and says so in the address, which can be kept as a link."""
    fill_from("recipe", recipe.name, recipe.config())
    show(form_page("recipe", recipe.name))


def use_dataset(dataset: OwnDataset) -> None:
    """Fills the form for someone's own pictures."""
    with errors_shown():
        fill_from("dataset", dataset.id, RunConfig.from_dict(suggested(dataset)))
        show(TRAIN)


def open_for_dataset(dataset: OwnDataset, config: RunConfig) -> None:
    """Goes to the form with a training on someone's own pictures."""
    fill_from("dataset", dataset.id, config)
    switch_page(TRAIN)


def open_with_changes(run: Run, config: RunConfig, changes: Mapping[str, Any]) -> None:
    """Goes to the form with a run's config and other values at some paths. Raises SettingsError."""
    fill_from("from", run.id, config.with_changes(changes))
    switch_page(form_page("from", run.id))


def open_again(run: Run) -> None:
    """Goes to the form with a run's settings, also when it holds this very run, changed since."""
    st.session_state.pop(FILLED_FROM, None)
    switch_page(form_page("from", run.id))


def fill_from_address() -> None:
    """A link may say what to fill the form with: /train?recipe=NAME, ?from=RUN, ?experiment=NAME, ?group=NAME."""
    for kind in ("recipe", "from", "experiment", "group"):
        wanted = st.query_params.get(kind)
        if not wanted or origin() == (kind, wanted):
            continue
        try:
            if kind == "experiment":
                fill_from_experiment(wanted)
                set_origin(Origin(kind, wanted))
            elif kind == "group":
                fill_from(kind, play_for(wanted), first_config(game_of(runs_folder()).rules, data_folder()))
            else:
                config = source(kind, wanted)[1]
                if kind == "from":  # what failed for want of memory is not offered as it was
                    config = with_remedy(find_run(wanted, runs_folder()), config)
                fill_from(kind, wanted, config)
        except TrainDeskError as error:
            show_warning(f"The form could not be filled from the link. {error}")


def draw_origin(config: RunConfig | None) -> None:
    """What the form holds and where that came from, what was changed since, and a mark at each changed field."""
    kind, name = origin()
    filled = None
    if kind in ("recipe", "from"):
        with contextlib.suppress(TrainDeskError):  # it was deleted meanwhile
            filled = source(kind, name)
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
    if kind == "group":
        return "The form is set up with pictures that the rules of the class game ask for. Change what you like, then start."
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


def source(kind: str, name: str) -> tuple[str, RunConfig]:
    """The title and config of a "recipe" or of the run "from" which the form is filled. Raises TrainDeskError."""
    if kind == "recipe":
        recipe = find_recipe(name)
        return recipe.title, recipe.config()
    config = (run := find_run(name, runs_folder())).config()
    return title_of(run, config), config
