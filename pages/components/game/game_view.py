"""The page of the class game: what is wanted, the board, which moves, and what the host and groups can do."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import streamlit as st

from core.game.board import Board, board_of
from core.game.played import Game, clear, game_of, show_replay, take_off
from core.paths import runs_folder
from core.workers.launch import prepare
from pages.components.game.board_table import board_table, limits_words
from pages.components.game.entering import draw_entering
from pages.components.game.replay_view import draw_replay, is_replaying
from pages.components.game.rules_form import draw_rules_form
from pages.components.shell.histories import shared_history
from pages.components.shell.links import LESSONS, is_presenting, page_link
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.rights import is_host
from pages.components.shell.widgets import action, redrawn

REFRESH_SECONDS, REPLAY_SECONDS = 1.5, 0.5
COUNTS = """
- A run counts with the **first epoch at whose end** enough of its validation pictures are read. Steps and seconds are counted
  up to there. Validations within an epoch count nothing: they come when the computer has time.
- Pictures are those that the network learns from, weights all that it has.
- The **test** at the end of the run must confirm it: the best network has to read as many of the test pictures, which it never
  learned from. So a lucky validation wins nothing, and looking at test pictures helps nobody.
- The network begins anew, without the weights of another run, without corrected pictures from Classify, and a tenth of the
  pictures or 1,000 are held out for validation.
- Groups with the **same value share their place**: neither the speed of a computer nor a luckier test decides between them.
- All of this is read from the runs themselves. Of a group nothing is kept but the name that it typed and its runs.
"""


class Seen(NamedTuple):
    """What all who look see."""

    game: Game
    board: Board


def draw_game() -> None:
    """For the host with the rules, for groups with the way in; in the presenter view the board alone."""
    prepare()
    game = game_of(runs_folder())
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="game-top"):
        st.title("Class game", width="content")
        if not is_presenting() and game.opened and is_host():
            with st.container(horizontal=True, width="content", gap="small"):
                _draw_hosting(game)
    if not game.opened:
        _draw_before()
    else:
        st.html(f'<p class="lead wanted">{limits_words(game.rules)}</p>')
        if not is_presenting():
            draw_entering(game)
    seconds = REPLAY_SECONDS if is_replaying(game) else REFRESH_SECONDS
    redrawn(_look, _page_of, _draw, seconds, shared=f"game in {runs_folder()}")
    if not is_presenting():
        with st.expander("What counts", key="what counts"):
            st.markdown(COUNTS)
        page_link(LESSONS, label="All lessons", icon=":material/arrow_back:")


def _look() -> Seen:
    game = game_of(runs_folder())
    return Seen(game, board_of(game, runs_folder(), lambda run: shared_history(run).history))


def _page_of(seen: Seen) -> object:
    """What the page around the board depends on."""
    game = seen.game
    return (game.opened, game.rules, game.replay, game.entries, is_replaying(game))


def _draw_before() -> None:
    if is_host() and not is_presenting():
        st.html(
            '<p class="lead">Groups train under the same rules, and a board shows live who kept them best. Say what is wanted: '
            "everybody who opens this page sees it then.</p>"
        )
        draw_rules_form(Game().rules, "Begin the game")
    else:
        st.html('<p class="lead">No game has begun yet. As soon as the host sets the rules, they stand here.</p>')


def _draw_hosting(game: Game) -> None:
    # changed rules make it another one, which is closed and leaves the board free
    with st.popover("Rules", icon=":material/gavel:", key=f"rules of the game {game.rules}", width="content"):
        draw_rules_form(game.rules, "Change the rules")
    if not (groups := game.groups()):
        return
    with st.popover("Clear the board", icon=":material/delete_sweep:", key="clear the game"):
        name = st.selectbox("Group", groups, key="group to take off")
        action("Take this group off", partial(take_off, runs_folder(), name), key="take off")
        st.markdown(
            f"{count(len(groups), 'group')} and all that they entered will be forgotten for good. Their runs stay, but count no "
            "more: the game begins anew under the same rules."
        )
        action("Yes, clear it", partial(clear, runs_folder()), type="primary", key="yes clear the game")


def _draw(seen: Seen) -> None:
    game, board = seen
    if not game.opened:
        return
    if not game.replay.run:
        st.html(board_table(game, board))
        _draw_replay_button(board)
        return
    left, right = st.columns([7, 5], gap="medium")
    with left:
        st.html(board_table(game, board))
        if is_host():
            action("Stop the replay", partial(show_replay, runs_folder(), ""), "stop the replay", type="tertiary")
    with right:
        draw_replay(game, next((each for each in board.ranked if each.run == game.replay.run), None))


def _draw_replay_button(board: Board) -> None:
    if is_host() and board.ranked:
        best = board.ranked[0]
        replay = partial(show_replay, runs_folder(), best.run)
        tip = f"All who have this page open see how {plain_markdown(best.group)} learned."
        action("Replay the best", replay, "replay the best", icon=":material/replay:", help=tip)
