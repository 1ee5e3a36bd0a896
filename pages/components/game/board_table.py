"""The board as HTML: those that got there with their place and a bar, those on their way, those that are out with why."""

from __future__ import annotations

from html import escape

from core.game.board import Board, Standing
from core.game.played import Game
from core.game.rules import UNITS, Rules
from core.text.lists import listed
from core.text.numbers import UNKNOWN, percent
from core.text.titles import shortened
from pages.components.shell.links import anchor, run_page


def limits_words(rules: Rules) -> str:
    """HTML: what is wanted, on which pictures, within what."""
    limits = f" At most {listed(rules.limits())}." if rules.limits() else ""
    return f"<b>{escape(rules.wanted())}</b> on {escape(rules.dataset_title())}.{escape(limits)}"


def board_table(game: Game, board: Board) -> str:
    """HTML; a sentence where nobody plays yet."""
    if not game.entries:
        return '<p class="told">The board is empty. Which group is the first?</p>'
    most = max((each.used or 0 for each in board.ranked), default=0)
    rows = [
        _row(game, board, each, f"{each.place}", (each.used or 0) / max(1, most), "ranked") for each in board.ranked
    ]
    rows += [_row(game, board, each, "…", each.progress, "moving") for each in board.moving]
    rows += [_row(game, board, each, UNKNOWN, None, "out") for each in board.out]
    titles = ("Place", "Group", f"{UNITS[game.rules.goal].capitalize()}s", "Result", "Run", "Try")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return (
        '<div class="frame around-board" tabindex="0" role="group" aria-label="The board"><table class="table left board">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(game: Game, board: Board, each: Standing, place: str, bar: float | None, kind: str) -> str:
    used = UNKNOWN if each.used is None else f"{each.used:,}"
    track = (
        "" if bar is None else f'<span class="track"><span class="fill" style="width:{100 * bar:.1f}%"></span></span>'
    )
    most = game.rules.most_tries
    tries = f"{each.number} of {max(most, board.tries[each.group])}"
    return (
        f'<tr class="{kind}{" best" if each.place == 1 else ""}"><td class="place">{place}</td>'
        f'<th scope="row">{escape(each.group)}</th>'
        f'<td class="used"><div><b>{used}</b>{track}</div></td><td class="how">{escape(_how(each))}</td>'
        f'<td class="run">{anchor(run_page(each.run), shortened(each.title, 22))}</td><td class="try">{tries}</td></tr>'
    )


def _how(each: Standing) -> str:
    if each.state == "ranked":
        return f"{percent(each.test)} in the test"
    if each.state == "moving" and each.accuracy is not None:
        return f"{percent(each.accuracy)} so far. {each.said}"
    return each.said
