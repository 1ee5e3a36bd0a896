"""Cards that fill the form by a click: of the recipes for a goal or of own pictures, small in one row; and on a dataset's page to
go on with the last network when pictures were added, and the two trainings that suit it, of which the first says why."""

from __future__ import annotations

import streamlit as st

from core.errors import TrainDeskError
from core.image_sets.evidence import SCRATCH, TRANSFER, Evidence, evidence_of, look_for_evidence
from core.image_sets.folders import list_datasets
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.suggest import advice, suggested
from core.paths import data_folder
from core.recipes import GOALS, RECIPES, Recipe
from core.run_config import RunConfig
from core.runs.metadata import title_of
from core.runs.store import Run
from core.settings.settings import SettingsError
from core.text.numbers import percent
from core.workers.earlier import continued, in_short, last_network, what_is_new
from pages.components.shell.histories import run_of, summaries
from pages.components.shell.links import DATA, page_link, run_page
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import about, count, moment, plain_markdown
from pages.components.shell.rights import may_change_dataset
from pages.components.shell.widgets import pressed, redrawn_until
from pages.components.train.cost import cost_here
from pages.components.train.experiments import config_of
from pages.components.train.filled_form import open_for_dataset, origin, use_dataset, use_recipe

OWN = "own"
CARDS = 6  # own datasets that have one, the newest
GOAL = "goal of the recipes"
EVERY = 1.5  # seconds between two looks for what the probe found


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
    cost = cost_here(config)
    time = f"{about(cost.seconds)} here" if cost else count(config.training.epochs, "epoch")
    expected = f"{percent(recipe.expects)} expected, " if recipe.expects else ""
    lines = (f"**{recipe.title}**", f"{config.dataset.title()}, {config.architecture.label}", f"{expected}{time}")
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


KINDS = {  # -> (title, icon, what it is good for)
    TRANSFER: (
        "Transfer learning",
        ":material/school:",
        "Starts from EfficientNet-Lite0, which knows a million photos and came with the program. Good for photos, also for few.",
    ),
    SCRATCH: (
        "From scratch",
        ":material/eco:",
        "A small network that learns from your pictures alone. Good for many pictures of one kind: symbols, scans, signs.",
    ),
}


def draw_training_cards(dataset: OwnDataset) -> None:
    """The shortest way to a training, or why there is none yet. Never waits for the probe."""
    looking = look_for_evidence(dataset)
    evidence = evidence_of(dataset)
    told = advice(dataset, evidence)
    kinds = sorted(KINDS, key=lambda kind: kind != told.first)
    try:
        configs = {kind: RunConfig.from_dict(suggested(dataset, kind)) for kind in kinds}
    except SettingsError as error:
        show_error(str(error))
        return
    with st.container(key="trainings"):
        for column, kind in zip(st.columns(2), kinds, strict=True):
            with column, st.container(border=True, height="stretch", gap="small", key=f"training {kind}"):
                _training_card(dataset, kind, configs[kind], evidence, kind == told.first, looking)
    st.caption(plain_markdown(told.why))
    if told.about_mirror and may_change_dataset(dataset):
        _draw_mirror(dataset, told.about_mirror, told.mirror)
    if looking:
        _wait_for_evidence(dataset, evidence)


def _training_card(
    dataset: OwnDataset, kind: str, config: RunConfig, evidence: Evidence | None, is_first: bool, looking: bool
) -> None:
    title, icon, good_for = KINDS[kind]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{title}**", width="content")
        if is_first:
            st.badge("suggested", color="green")
    cost = cost_here(config)
    seconds = cost.seconds if cost else evidence.seconds.get(kind) if evidence else None
    time = (
        f"About {about(seconds)} on this computer." if seconds else "Its time is being measured ..." if looking else ""
    )
    st.markdown(f"{good_for} **{time}**" if time else good_for)
    if pressed(
        "Train on these pictures" if is_first else title,
        type="primary" if is_first else "secondary",
        icon=":material/play_arrow:" if is_first else icon,
        key="train on them" if is_first else "train otherwise",
    ):
        open_for_dataset(dataset, config)


def _draw_mirror(dataset: OwnDataset, doubt: str, mirror: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="mirror"):
        st.markdown(f":material/flip: {plain_markdown(doubt)} Is a mirror image still of its class?", width="content")
        chosen = st.segmented_control(
            "Mirror pictures",
            ["off", "on"],
            format_func={"off": "No, leave it out", "on": "Yes, mirror pictures"}.__getitem__,
            default="on" if mirror else "off",
            key=f"mirror {dataset.id} {dataset.newest()}",
            required=True,
            label_visibility="collapsed",
        )
    if (chosen == "on") != mirror:
        dataset.set_about(mirror=chosen)
        st.rerun()


def _wait_for_evidence(dataset: OwnDataset, known: Evidence | None) -> None:
    """Looks again until there is more to say, then draws the page anew."""

    words = ":material/search: Your pictures are being looked at, for the training that suits them best ..."
    redrawn_until(
        lambda: evidence_of(dataset) != known or not look_for_evidence(dataset), lambda: st.caption(words), EVERY
    )


def draw_continue(dataset: OwnDataset) -> None:
    """The card, if there is a network of an earlier version that can go on."""
    found = going_on(dataset)
    if found is None:
        return
    run, earlier, config = found
    title = plain_markdown(title_of(run, earlier))
    cost = cost_here(config)
    time = f" About {about(cost.seconds)}." if cost else ""
    with st.container(border=True, gap="small", key="continue"):
        st.markdown(f"**Since the last training: {plain_markdown(what_is_new(earlier, config, dataset))}**")
        st.markdown(f"The network keeps what it learned: {in_short(earlier, config)}.{time}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if pressed(
                f"Continue from {title} with the new pictures", icon=":material/forward:", key="continue training"
            ):
                open_for_dataset(dataset, config)
            page_link(
                run_page(run.id), label=f"That training of {moment(run.created())}", icon=":material/arrow_forward:"
            )


def going_on(dataset: OwnDataset) -> tuple[Run, RunConfig, RunConfig] | None:
    """The last run with a network of this dataset, its config and the one that continues it with what is new; None when
    there is none, nothing is new, or it cannot go on."""
    known = ((run_of(each.id), each.planned) for each in summaries() if each.has_checkpoint)
    run = last_network(dataset, ((run, config_of(str(run.folder), planned)) for run, planned in known))
    if run is None:
        return None
    try:
        earlier, config = run.config(), continued(run, dataset)
    except TrainDeskError:
        return None
    return (run, earlier, config) if earlier.own_dataset() != config.own_dataset() else None
