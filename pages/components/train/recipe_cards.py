"""Small cards in one row, of the recipes for a goal or of own pictures; a click fills the form."""

from __future__ import annotations

import streamlit as st

from core.image_sets.folders import list_datasets
from core.image_sets.own_dataset import OwnDataset
from core.paths import data_folder
from core.recipes import GOALS, RECIPES, Recipe
from core.run_config import RunConfig
from core.text.numbers import percent
from pages.components.shell.links import DATA, page_link
from pages.components.shell.number_words import about, count, plain_markdown
from pages.components.train.cost import cost_here
from pages.components.train.filled_form import origin, use_dataset, use_recipe

OWN = "own"
CARDS = 6  # own datasets that have one, the newest
GOAL = "goal of the recipes"


def draw_goals() -> None:
    """What one wants: which cards are shown."""
    choices = {**GOALS, OWN: "Own pictures"}
    if GOAL not in st.session_state:
        kind, name = origin()
        st.session_state[GOAL] = OWN if kind == "dataset" else _goal_of(name) if kind == "recipe" else next(iter(GOALS))
    st.segmented_control(
        "Recipes for",
        list(choices),
        format_func=choices.__getitem__,
        key=GOAL,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )


def draw_cards(now: RunConfig | None) -> None:
    """One row; the card of the form's recipe is marked as long as nothing in it was changed. `now`: what the form holds."""
    goal = st.session_state.get(GOAL)
    with st.container(key="recipes", horizontal=True, gap="small"):
        if goal == OWN:
            for dataset in list_datasets(data_folder())[:CARDS]:
                _own_card(dataset)
            page_link(DATA, label="Bring your own pictures", icon=":material/add_photo_alternate:")
        for recipe in RECIPES:
            if goal in recipe.goals:
                _card(recipe, now is not None and now == recipe.config())


def _card(recipe: Recipe, is_chosen: bool) -> None:
    config = recipe.config()
    expected = f"{percent(recipe.expects)} expected" if recipe.expects else ""
    cost = cost_here(config)
    time = f"{about(cost.seconds)} here" if cost else count(config.training.epochs, "epoch")
    lines = (f"**{recipe.title}**", f"{config.dataset.title()}, {config.architecture.label}", _and(expected, time))
    _button(f"recipe {recipe.name}", lines, is_chosen, recipe.summary, use_recipe, recipe)


def _own_card(dataset: OwnDataset) -> None:
    chosen = origin() == ("dataset", dataset.id)
    lines = (f"**{plain_markdown(dataset.title)}**", "own pictures", "settings that suit them")
    _button(f"own {dataset.id}", lines, chosen, None, use_dataset, dataset)


def _button(key: str, lines: tuple[str, ...], is_chosen: bool, tip: str | None, use, what) -> None:  # type: ignore[no-untyped-def]
    with st.container(key=f"card-{'chosen-' if is_chosen else ''}{key.replace(' ', '-')}"):  # style.css frames it
        st.button("  \n".join(lines), key=key, help=tip, on_click=use, args=(what,), width="stretch")


def _goal_of(name: str) -> str:
    return next((recipe.goals[0] for recipe in RECIPES if recipe.name == name), next(iter(GOALS)))


def _and(*parts: str) -> str:
    return ", ".join(filter(None, parts))
