"""Opening the form filled: from a recipe, a run, an experiment, someone's pictures, or with a change. What it was filled from is
kept, so that the form can say what was changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

from core.errors import TrainDeskError
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.suggest import suggested
from core.paths import runs_folder
from core.recipes import Recipe, find_recipe
from core.run_config import RunConfig
from core.runs.store import Run, find_run
from pages.components.shell.form_values import fill
from pages.components.shell.links import TRAIN, form_page, show, switch_page
from pages.components.shell.messages import errors_shown, show_warning
from pages.components.train.sweep_form import fill_from_experiment

FILLED_FROM = "form filled from"


class Origin(NamedTuple):
    """What the form was filled from: ("recipe", its name), ("from", run id), ("experiment", its name), ("dataset", its id), or
    nothing."""

    kind: str = ""
    name: str = ""


def origin() -> Origin:
    """What it was filled from, or nothing."""
    return Origin(*st.session_state.get(FILLED_FROM, ()))


def fill_from(kind: str, name: str, config: RunConfig) -> None:
    """Makes the form show this config. Before the form's widgets are drawn."""
    fill(config)
    st.session_state[FILLED_FROM] = (kind, name)


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
    """A link may say what to fill the form with: /train?recipe=mlp, /train?from=RUN, /train?experiment=NAME."""
    for kind in ("recipe", "from", "experiment"):
        wanted = st.query_params.get(kind)
        if not wanted or origin() == (kind, wanted):
            continue
        try:
            if kind == "recipe":
                use_recipe(find_recipe(wanted))
            elif kind == "from":
                fill_from(kind, wanted, find_run(wanted, runs_folder()).config())
            else:
                fill_from_experiment(wanted)
                st.session_state[FILLED_FROM] = (kind, wanted)
        except TrainDeskError as error:
            show_warning(f"The form could not be filled from the link. {error}")
