"""Sentences for the visitor, shown as they are (a file name or a title in them must not become Markdown), and what people do on a
page: tried, and where it goes wrong the sentence is shown at once, or kept and shown where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import TrainDeskError
from core.paths import data_folder, runs_folder
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.rights import place_of

_attempts = [0]


def show_error(sentence: object) -> None:
    """In red, where it is called."""
    st.error(_for_visitor(sentence))


def show_warning(sentence: object) -> None:
    """In yellow, where it is called."""
    st.warning(_for_visitor(sentence))


def _for_visitor(sentence: object) -> str:
    """As Markdown, with the folders of this computer as whoever looks may know them."""
    said = str(sentence)
    for folder in (runs_folder(), data_folder()):
        said = said.replace(str(folder), place_of(folder))
    return plain_markdown(said)


@contextmanager
def errors_shown() -> Iterator[None]:
    """What fails in this block with a TrainDeskError is said where it is called; the rest of the block is left undone."""
    try:
        yield
    except TrainDeskError as error:
        show_error(error)


def attempt(place: str, work: Callable[[], object], keep: bool = False) -> bool:
    """Whether it could be done; if not, the sentence of its TrainDeskError is kept for `show_problem` of this place.

    What was kept there before is forgotten unless `keep`: of several attempts the last failure is told.
    """
    if not keep:
        set_problem(place, "")
    try:
        work()
    except TrainDeskError as error:
        set_problem(place, str(error))
        return False
    finally:
        _attempts[0] += 1
    return True


def attempts() -> int:
    """How often `attempt` was called in this process, by all visitors: what was seen before the last one may have changed."""
    return _attempts[0]


def set_problem(place: str, sentence: str) -> None:
    """Keeps a sentence for `show_problem` of this place; "" forgets it."""
    st.session_state[f"problem {place}"] = sentence


def problem(place: str) -> str:
    """What could not be done there, "" for nothing."""
    return st.session_state.get(f"problem {place}", "")


def show_problem(place: str, once: bool = False) -> None:
    """Shows what could not be done there, until something is tried there again, or only `once`."""
    if sentence := problem(place):
        show_error(sentence)
    if once:
        set_problem(place, "")
