"""The group that a visitor plays for in the class game: what they start on Train goes on its board."""

from __future__ import annotations

import streamlit as st

from core.game.before_start import breaches_before_start
from core.game.played import check_open, enter, game_of, group_name
from core.paths import data_folder, runs_folder
from core.run_config import RunConfig
from core.runs.store import Run
from pages.components.shell.links import GAME, TRAIN, page_link, show
from pages.components.shell.messages import attempt, show_warning
from pages.components.shell.number_words import plain_markdown

GROUP = "plays for"
ENTERING = "entering a run"  # for `show_problem` on the game's page


def plays_for() -> str:
    """The name of their group; "" for whoever does not play, and while no game is played."""
    return st.session_state.get(GROUP, "") if game_of(runs_folder()).opened else ""


def play_for(group: str) -> str:
    """Plays for this group from now on, whose name as it is kept is returned. Raises TrainDeskError."""
    check_open(game_of(runs_folder()))
    st.session_state[GROUP] = group_name(group)
    return st.session_state[GROUP]


def stop_playing() -> None:
    """What is started from now on is one's own."""
    st.session_state.pop(GROUP, None)
    show(TRAIN)


def enter_started(run: Run) -> None:
    """Puts a run that was just started on the board, where its visitor plays; what prevents it is told on the game's page."""
    if group := plays_for():
        attempt(ENTERING, lambda: enter(runs_folder(), group, run.id), keep=True)


def draw_playing(config: RunConfig | None) -> None:
    """Above the form: for whom they play, what is wanted, and whether what the form holds is within the rules."""
    if not (group := plays_for()):
        return
    game = game_of(runs_folder())
    rules = game.rules
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="playing"):
        wanted = plain_markdown(f"{rules.wanted()} on {rules.dataset_title()}.")
        st.markdown(
            f":material/trophy: What you start here plays for **{plain_markdown(group)}**: {wanted} Experiments do not."
        )
        page_link(GAME, label="Class game", icon=":material/arrow_back:")
        st.button("Play no more", on_click=stop_playing, type="tertiary", key="play no more")
    if said := breaches_before_start(game, group, config, data_folder()):
        show_warning(f"Outside the rules of the game. {' '.join(said)}")


def draw_way_to_game() -> None:
    """On the page of a run: back to the board, for whoever plays."""
    if plays_for():
        page_link(GAME, label="Class game", icon=":material/trophy:")
