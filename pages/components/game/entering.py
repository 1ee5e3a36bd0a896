"""How a group comes on the board: it types its name and trains, or enters a run that it started since the game began."""

from __future__ import annotations

import streamlit as st

from core.game.played import LONGEST, Game, enter
from core.paths import runs_folder
from pages.components.shell.histories import run_of, summaries
from pages.components.shell.links import form_page, switch_page
from pages.components.shell.messages import attempt, errors_shown, show_problem
from pages.components.shell.playing import ENTERING, GROUP, play_for
from pages.components.shell.rights import may_change
from pages.components.shell.widgets import pressed

NAME, CHOSEN = "name of the group", "run to enter"


def draw_entering(game: Game) -> None:
    """One line: the name, the way to the form, the way for a run that is there already."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="entering"):
        if NAME not in st.session_state:
            st.session_state[NAME] = st.session_state.get(GROUP, "")
        typed = st.text_input("Your group", key=NAME, max_chars=LONGEST, width=240, placeholder="any name")
        trains = pressed("Train for the board", "train for the board", type="primary", icon=":material/play_arrow:")
        with st.popover("Enter a run", key="enter a run"):
            _draw_runs(game)
    show_problem(ENTERING)
    if trains:
        with errors_shown():
            switch_page(form_page("group", play_for(typed)))


def _draw_runs(game: Game) -> None:
    entered = {entry.run for entry in game.entries}
    since = [each for each in summaries() if each.created >= game.opened and each.id not in entered]
    mine = {each.id: each.title for each in since if may_change(run_of(each.id))}
    if not mine:
        st.markdown("There is no run of yours that began since the game did and is not on the board.")
        return
    st.selectbox("Your run", list(mine), format_func=mine.__getitem__, key=CHOSEN)
    key = "put it on the board"  # by a callback: this list may be empty when the page is drawn anew
    st.button("Put it on the board", type="primary", key=key, on_click=_enter)


def _enter() -> None:
    typed, chosen = (st.session_state[key] for key in (NAME, CHOSEN))
    attempt(ENTERING, lambda: enter(runs_folder(), play_for(typed), chosen))
