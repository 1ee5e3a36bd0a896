"""What several pages are made of: a part drawn again by itself, folds, buttons, pages of many, and components
of our own, which the browser draws and which report by themselves."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from pages.components.shell.messages import attempts, errors_shown

Seen = TypeVar("Seen")
COUNTS = 10.0  # seconds within which the page has to come to a button that was pressed


def redrawn(
    look: Callable[[], Seen],
    moves: Callable[[Seen], object],
    draw: Callable[[Seen], object],
    seconds: float,
    at_rest: float | None = None,
    shared: str = "",
    stands: Callable[[], object] = lambda: None,
) -> bool:
    """Draws what `look` gives, again every so many seconds while it `moves` (something true), and `at_rest` more rarely or not at
    all. When what `moves` gives becomes another, the whole page is drawn once more. Returns whether it moves.

    `shared`: what is looked at, where all visitors see the same: two hundred who watch look once in half that time, together.
    `stands`: what the rest of the page follows from; when it is another at rest the page is drawn once more too: what began to
    move may have come to rest again between two looks.
    """
    stood, first = stands(), [look()]
    before = moves(first[0])

    def again() -> None:
        if first:
            draw(first.pop())
            return
        now = _glance(shared).take(look, seconds / 2) if shared else look()
        if moves(now) != before or not before and stands() != stood:
            st.rerun()
        draw(now)

    st.fragment(again, run_every=seconds if before else at_rest)()
    return bool(before)


def redrawn_until(is_due: Callable[[], object], draw: Callable[[], object], seconds: float | None) -> None:
    """Draws, again every so many seconds, and once it is due the whole page anew.

    Never before it has drawn, and never in the run of the whole page: a click that this run was about would be lost with what it
    has not come to yet.
    """
    is_run_of_page = [True]

    def again() -> None:
        draw()
        if not (is_run_of_page and is_run_of_page.pop()) and is_due():
            st.rerun()

    st.fragment(again, run_every=seconds)()


@dataclass
class _Glance:
    """What was seen last, and when."""

    seen: Any = None
    at: float = -math.inf
    after: int = 0  # attempts of this process to change something
    guard: threading.Lock = field(default_factory=threading.Lock)

    def take(self, look: Callable[[], Seen], good_for: float) -> Seen:
        """What was seen at most so many seconds ago, unless someone here did something meanwhile."""
        with self.guard:
            if time.monotonic() - self.at > good_for or self.after != attempts():
                self.after = attempts()
                self.seen, self.at = look(), time.monotonic()
            return self.seen


@st.cache_resource(max_entries=16, show_spinner=False)
def _glance(what: str) -> _Glance:
    return _Glance()


def pressed(label: str, key: str, draw: Callable[..., object] = st.button, **options: Any) -> bool:
    """A button, and whether it was pressed since it was drawn last; `draw` may be `st.form_submit_button`.

    What `st.button` gives is lost when the run of the page that the press began is broken off before it comes to the button: by
    another press, or by a part that wants the page anew.
    """
    mark = f"{key}, pressed"
    draw(label, key=key, on_click=_note, args=(mark,), **options)
    return _noted(mark) is not None


def triggered(draw: Callable[..., Any], key: str, trigger: str, **options: Any) -> tuple[Any, Any]:
    """The state of a `component`, and what its trigger said since it was drawn last, None for nothing; see `pressed`."""
    mark = f"{key}, {trigger}"
    state = draw(key=key, **{f"on_{trigger}_change": lambda: _note(mark, st.session_state[key][trigger])}, **options)
    noted = _noted(mark)
    return state, noted if noted is not None else state[trigger]


def _note(mark: str, value: Any = True) -> None:
    st.session_state[mark] = (time.monotonic(), value)


def _noted(mark: str) -> Any:
    at, value = st.session_state.pop(mark, (-math.inf, None))
    return value if time.monotonic() - at < COUNTS else None


def action(label: str, work: Callable[[], object], key: str, **options: Any) -> None:
    """A button that does this when it is pressed and draws the page anew; its TrainDeskError is said below it instead."""
    if pressed(label, key, **options):
        with errors_shown():
            work()
            st.rerun()


def lazy_fold(label: str, key: str, opens: object = False, **options: Any) -> Any:
    """An expander whose contents are to be drawn while it is `.open`: a closed one costs a page next to nothing. It opens by
    itself when `opens` becomes something true; who closes it then has it closed. Another label would make it another one,
    and take the keyboard's place from who types in it."""
    mark = f"{key}, opens"
    must_open = opens and not st.session_state.get(mark)
    st.session_state[mark] = bool(opens)
    st.session_state[key] = must_open or st.session_state.get(key, bool(opens))
    return st.expander(label, key=key, on_change="rerun", **options)


def search_field(examples: str, key: str) -> str:
    """What a visitor looks for, while it is typed; it is in the page's address."""
    options: dict[str, Any] = {"live": True, "bind": "query-params", "label_visibility": "collapsed", "width": 320}
    return st.text_input("Search", placeholder=f"Search: {examples} ...", key=key, **options) or ""


def paged(total: int, size: int, key: str) -> int:
    """Of so many things, `size` at a time: which is the first that is shown. Numbers to choose from where they are more."""
    pages = -(-total // size)
    return size * (st.pagination(pages, key=key) - 1) if pages > 1 else 0


def steady(key: str, choices: Collection[Any], otherwise: Callable[[], Any]) -> None:
    """Gives a list whose words change its value before it is drawn: what was chosen, while it is among the choices. Streamlit
    knows a choice by its words only, and forgets it when they change."""
    kept = f"{key}, kept"
    if st.session_state.get(key) not in choices:
        before = st.session_state.get(kept)
        st.session_state[key] = before if before in choices else otherwise()
    st.session_state[kept] = st.session_state[key]


def show_value(key: str, value: Any) -> None:
    """Has a widget show this, whatever it showed: where others, or a training, change what a visitor can change too."""
    before = f"{key}, before"
    if st.session_state.get(key) == value:
        st.session_state.pop(before, None)
    else:
        st.session_state[before] = st.session_state.get(key)
    st.session_state[key] = value


def is_echo(key: str) -> bool:
    """For its `on_change`: whether a browser that has not heard yet of what it is to show only repeats what it showed before."""
    return f"{key}, before" in st.session_state and st.session_state[key] == st.session_state[f"{key}, before"]


def told_apart(words: Mapping[str, str]) -> dict[str, str]:
    """Id -> words of the choices of a list, with the end of the id where two have the same: Streamlit knows a choice by its words
    only, so the first of them would be chosen for both."""
    times = Counter(words.values())
    return {key: f"{said} ({key[-4:]})" if times[said] > 1 else said for key, said in words.items()}


def component(name: str, folder: Path, script_before: str = "") -> Any:
    """One whose page, style and script lie in the folder, as NAME.html, NAME.css and NAME.js; the script may need another one
    before it. Made once, where a module is imported; called with `key` and `data` it draws and gives its state."""
    html, css, js = ((folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return made_component(name, html, css, script_before + js)


def made_component(name: str, html: str, css: str | None, js: str, **options: Any) -> Any:
    """One of these texts. What it shows is always its newest state; what its function gives back, to end it, is called once,
    when it is gone from the page."""
    return st.components.v2.component(name, html=html, css=css, js=in_order(js), **options)


def in_order(js: str) -> str:
    """The script of a component, with what keeps its states in order."""
    after = Path(__file__).with_name("in_order.js").read_text(encoding="utf-8")
    return js.replace("export default function", "function drawPart", 1) + after
