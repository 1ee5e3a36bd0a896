"""One card per recipe; a click fills the form."""

from __future__ import annotations

import streamlit as st

from core.errors import TrainDeskError
from core.paths import runs_folder
from core.recipes import RECIPES, Recipe
from core.runs.labels import title_of
from core.runs.store import find_run
from pages.components.form_values import fill
from pages.components.links import set_parameters
from pages.components.wording import count, plain_markdown, rows_of

COLUMNS = 3
FILLED_FROM = "form filled from"  # ("recipe", name), ("from", run id) or ("dataset", its id)


def draw_recipe_cards() -> None:
    chosen = st.session_state.get(FILLED_FROM)
    for row in rows_of(RECIPES, COLUMNS):
        for column, recipe in zip(st.columns(COLUMNS), row, strict=False):
            with column:
                _card(recipe, chosen == ("recipe", recipe.name))


def use_recipe(recipe: Recipe) -> None:
    """Fills the form and says so in the address, which can be kept as a link."""
    fill(recipe.config())
    st.session_state[FILLED_FROM] = ("recipe", recipe.name)
    set_parameters({"recipe": recipe.name})


def form_holds() -> str:
    """Markdown: what the form was filled with, when it was not a recipe, which then stays out of the way."""
    source, name = st.session_state.get(FILLED_FROM, ("", ""))
    if source == "dataset":
        return "The form is set up for your pictures. Start at the bottom, or change what you like first."
    if source == "experiment":
        held = f"The form below holds the settings of **{plain_markdown(name)}**"
        return f"{held}; what it tried stands under **Try several values**."
    if source != "from":
        return ""
    try:
        run = find_run(name, runs_folder())
        title = title_of(run, run.config())
    except TrainDeskError:  # it was deleted meanwhile
        title = name
    return f"The form below holds the settings of **{plain_markdown(title)}**. Change what you like, then start at the bottom."


def _card(recipe: Recipe, is_chosen: bool) -> None:
    config = recipe.config()
    key = f"chosen-{recipe.name}" if is_chosen else None  # style.css frames it
    with st.container(border=True, height="stretch", vertical_alignment="distribute", gap="small", key=key):
        with st.container(gap="xxsmall"):
            st.markdown(f"**{recipe.title}**")
            st.caption(
                f"{config.dataset.title()}, {config.architecture.label}, {count(config.training.epochs, 'epoch')}"
            )
            st.markdown(recipe.summary)
        st.button(
            "In the form below" if is_chosen else "Use this recipe",
            key=f"recipe {recipe.name}",
            icon=":material/check:" if is_chosen else None,
            on_click=use_recipe,
            args=(recipe,),
            width="stretch",
        )
