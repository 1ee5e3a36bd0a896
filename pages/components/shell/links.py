"""Addresses: those of pages, all made here, and the widgets whose values are in the address of their page.

A reload, a kept link, a second window and the back button then show what was there, and the presenter view goes along: it lives
in the address. `tests/pages/shell/test_links.py` finds links that are made otherwise. Streamlit's own `bind="query-params"` would
do for widgets, but on leaving the page it takes the parameters out of the history too (1.67).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import Any, NamedTuple
from urllib.parse import urlencode

import streamlit as st

from core.text.titles import shortened, whole
from pages.components.shell.number_words import plain_markdown

VIEW, PRESENTER = "view", "presenter"  # in the address: ?view=presenter
RUNS = "runs"  # of the page that compares: runs=A,B,,C
WAY = "way"  # of the page of data: which of the ways to bring pictures is open
HOW = "how"  # of the page that classifies: which of the ways to give a picture is open
GOING = "page to go to"


class Place(NamedTuple):
    """A page, by its file, and what of it is shown: the parameters of its address."""

    page: str
    shows: Mapping[str, str] = {}


HOME = Place("home.py")
DATA, TRAIN, ALL_RUNS, CLASSIFY, COMPUTER, COMPARE, DEMO, EXPERIMENTS, GLOSSARY, LESSONS, GAME = (
    Place(f"pages/{name}.py")
    for name in "data train runs classify system compare demo experiment glossary lessons game".split()
)


def page_named(name: str, shows: Mapping[str, str]) -> Place:
    """A page by the name of its file, "train", and what of it is shown."""
    return Place(f"pages/{name}.py", shows)


def lesson_page(name: str) -> Place:
    """One lesson."""
    return Place(LESSONS.page, {"lesson": name})


def run_page(run_id: str) -> Place:
    """One run."""
    return Place("pages/run.py", {"run": run_id})


def try_page(run_id: str, how: str = "") -> Place:
    """Where a run's network answers, with one of the ways to give a picture open, "Upload"."""
    return Place(CLASSIFY.page, {"run": run_id, **({HOW: how} if how else {})})


def compare_page(run_ids: Iterable[str]) -> Place:
    """These runs over each other, in the colours of their order."""
    return Place(COMPARE.page, {RUNS: ",".join(run_ids)})


def experiment_page(name: str) -> Place:
    """The runs of one experiment."""
    return Place(EXPERIMENTS.page, {"experiment": name})


def form_page(source: str, name: str) -> Place:
    """The form filled from a "recipe", "from" a run or from an "experiment" of that name, or for a "group" of the class game."""
    return Place(TRAIN.page, {source: name})


def dataset_page(name: str) -> Place:
    """One dataset: the id of one's own, or the name of a published one."""
    return Place(DATA.page, {"set": name})


def import_page(job_id: str) -> Place:
    """Pictures that are being brought in."""
    return Place(DATA.page, {"import": job_id})


def bring_page(way: str) -> Place:
    """The page of data with one of the ways to bring pictures open."""
    return Place(DATA.page, {WAY: way})


def is_presenting() -> bool:
    """Whether this page is shown to a room: large type, no menus."""
    return st.query_params.get(VIEW) == PRESENTER


def set_presenting(presenting: bool) -> None:
    """Changes the view of this page and of all that are reached from it by links."""
    _put(VIEW, PRESENTER if presenting else "")


def page_link(place: Place, **options: Any) -> None:
    """`st.page_link` that keeps the view."""
    st.page_link(place.page, query_params=_with_view(place), **options)


def title_link(place: Place, title: str, look: str = "{}", **options: Any) -> None:
    """`page_link` called by a title that someone gave, shortened where it is long, with the whole as its tooltip."""
    tip = whole(title)
    page_link(
        place, label=look.format(plain_markdown(shortened(title))), help=plain_markdown(tip) if tip else None, **options
    )


def switch_page(place: Place) -> None:
    """`st.switch_page` that keeps the view.

    The whole page is run once more and left at its top (`go_on`): a part that refreshes itself and leaves the page at once
    can be overtaken by its own next refresh, which then draws into the other page.
    """
    st.session_state[GOING] = (place.page, _with_view(place))
    st.rerun()


def go_on() -> None:
    """Leaves this page when `switch_page` was called."""
    if going := st.session_state.pop(GOING, None):
        page, parameters = going
        st.switch_page(page, query_params=parameters)


def show(place: Place) -> None:
    """Shows another part of the page that is open: its whole address but for the view."""
    st.query_params.from_dict(_with_view(place))


def way_back(place: Place, label: str) -> None:
    """To another part of the page that is open."""
    st.button(label, icon=":material/arrow_back:", type="tertiary", on_click=show, args=(place,))


def address(place: Place) -> str:
    """Of a page, for links of our own: "run?run=ID"."""
    name = "" if place.page == HOME.page else PurePath(place.page).stem
    asked = urlencode(_with_view(place))
    return f"{name}?{asked}" if asked else name


def file_link(label: str, target: str, file_name: str, look: str, tip: str = "") -> str:
    """HTML of a link that hands out a file under this name; the page that it is on stays as it is."""
    said = f' title="{escape(tip, quote=True)}"' if tip else ""
    name = escape(file_name, quote=True)
    return f'<a class="{look}" href="{target}" download="{name}" target="_self"{said}>{escape(label)}</a>'


def anchor(place: Place, text: str, part: str = "") -> str:
    """HTML of a link to a page, for tables of our own, a long text shortened with the whole as its tooltip; `part` is the id of
    one of its parts."""
    target = address(place) + (f"#{part}" if part else "")
    tip = f' title="{escape(text, quote=True)}"' if whole(text) else ""
    return f'<a href="{escape(target, quote=True)}" target="_self"{tip}>{escape(shortened(text))}</a>'


def jump(text: str, part: str) -> str:
    """HTML of a link to a part of this very page."""
    return f'<a class="jump" href="#{part}">{escape(text)}</a>'


class _Said(NamedTuple):
    """What the address says of a widget, and what it said before: a refresh may still bring that along."""

    text: str
    before: tuple[str, ...] = ()
    arrived: bool = False


def from_address(name: str, values: Sequence[Any], default: Any) -> Callable[[], None]:
    """Gives the widget of key `name`, before it is drawn, the value that the address says, one of `values`.

    Returns what the widget calls on change: the address then says what was chosen, or nothing for the default. Until the
    browser knows that address, a part that refreshes itself comes with the one before, which is then no new choice.
    """
    text, known = st.query_params.get(name, ""), st.session_state.get(_said(name))
    if name not in st.session_state or known is None or text not in (known.text, *known.before):
        st.session_state[name] = next((value for value in values if _text(value) == text), default)
        known = _Said(text)
    elif text != known.text:
        _put(name, known.text)
    else:  # seen first in the run that said it, then by the browser
        known = _Said(text, () if known.arrived else known.before, arrived=True)
    st.session_state[_said(name)] = known

    def changed() -> None:
        say(name, "" if st.session_state[name] == default else _text(st.session_state[name]))

    return changed


def say(name: str, text: str) -> None:
    """Puts a parameter into the address, or takes it out when the text is empty."""
    known = st.session_state.get(_said(name)) or _Said(st.query_params.get(name, ""))
    _put(name, text)
    st.session_state[_said(name)] = _Said(text, (*known.before, known.text))


def _put(name: str, text: str) -> None:
    if text:
        st.query_params[name] = text
    else:
        st.query_params.pop(name, None)


def _said(name: str) -> str:
    return f"address of {name}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_view(place: Place) -> dict[str, str]:
    return {**place.shows, **({VIEW: PRESENTER} if is_presenting() else {})}
