"""Where several people draw, one after the other or each at a computer of their own: who draws, what comes next, who is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path

import streamlit as st

from core.errors import ImageError, TrainDeskError
from core.files import read_bytes
from core.image_sets.writers import LONGEST
from core.images.read import read_image
from core.lessons import Collection, Draw, Lesson, Seen
from core.lessons.progress import answer
from core.paths import runs_folder
from pages.components.classify.browser import canvas, thumbnail
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.rights import is_host, visitor
from pages.components.shell.widgets import action, pressed

OWN, TURNS = "writers of this visit", "drawings kept and taken back"
SHOWN, SIDE = 8, 40  # writers, and pixels of a drawing


def draw_area(lesson: Lesson, act: Draw, seen: Seen) -> None:
    """The name, the canvas for what this writer draws next, and how far all are."""
    collection = act.collection(seen.data_folder)
    name = st.text_input(
        act.question,
        seen.answers.get(act.key, ""),
        max_chars=LONGEST,
        key=f"writer of {lesson.name}",
        placeholder="a first name, or a made-up one",
        width=320,
        live=True,
    )
    left, right = st.columns([2, 3], gap="medium")
    if name.strip():
        with left:
            _draw_next(lesson, act, collection, name, seen.answers.get(act.key, ""))
    with right if name.strip() else st.container():
        _draw_all(collection, name)


def _draw_next(lesson: Lesson, act: Draw, collection: Collection, name: str, last: str) -> None:
    """`last`: the writer whom this visitor drew as before."""
    try:
        writer = collection.known(name)
    except TrainDeskError as error:
        show_error(error)
        return
    counts = collection.drawn().get(writer, Counter())
    wanted = len(collection.classes) * collection.each
    own = st.session_state.setdefault(OWN, {last})
    turn = st.session_state.setdefault(TURNS, 0)
    if coming := collection.next_of(counts):
        place = f"{sum(counts.values()) + 1} of {wanted}"
        st.markdown(f"**{plain_markdown(writer)}**, draw a **{plain_markdown(coming)}** ({place}).")
        if _is_kept(collection, writer, coming, f"{writer} {coming} {turn}"):
            own.add(writer)
            st.session_state[TURNS] += 1
            with errors_shown():
                answer(runs_folder(), visitor(), lesson.name, act.key, writer)
                st.rerun()
    else:
        st.markdown(f"**{plain_markdown(writer)}** has drawn all {wanted}. The next writer types another name above.")
    if writer in own and counts:
        action("Take the last one back", lambda: _take_back(collection, writer), "take back", type="tertiary")


def _take_back(collection: Collection, writer: str) -> None:
    collection.take_back(writer)
    st.session_state[TURNS] += 1


def _is_kept(collection: Collection, writer: str, coming: str, turn: str) -> bool:
    """The canvas, and whether a click just now kept what is on it."""
    try:
        image = canvas(key=f"lesson drawing {turn}", hint=coming)
    except ImageError as error:
        show_error(error)
        return False
    if pressed("Keep it", f"keep {turn}", type="primary", shortcut="Enter"):
        if image is None:
            st.caption("Nothing is drawn yet: draw it, then keep it.")
            return False
        with errors_shown():
            collection.keep(writer, coming, image)
            return True
    return False


def _draw_all(collection: Collection, name: str) -> None:
    """What has been drawn, a row for each writer, the one who draws first."""
    drawn = collection.drawings()
    if not drawn:
        return
    rows = sorted(drawn, key=lambda writer: writer.casefold() != name.strip().casefold())
    st.html(f'<div class="hands">{"".join(_row(writer, drawn[writer]) for writer in rows[:SHOWN])}</div>')
    more = f" and {count(len(rows) - SHOWN, 'more writer')}" if len(rows) > SHOWN else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Drawn by everyone at this dashboard{more}.", width="content")
        if is_host():
            with st.popover("Remove all", type="tertiary", icon=":material/delete:", key="remove drawings"):
                st.markdown("The drawings of everyone go; datasets and trainings that were made of them stay.")
                action("Remove all drawings", collection.clear, "remove all drawings")


def _row(writer: str, files: Sequence[Path]) -> str:
    pictures = "".join(f'<img src="{_small(str(file))}" alt="{escape(file.parent.name)}">' for file in files)
    return f"<p><b>{escape(writer)}</b> <span class='quiet'>{len(files)}</span><br>{pictures}</p>"


@lru_cache(maxsize=1000)
def _small(file: str) -> str:
    """A data address; of a drawing that was taken back at this moment an empty one."""
    try:
        return thumbnail(read_image(read_bytes(file), "a drawing").convert("L"), SIDE)
    except (OSError, ImageError):
        return ""
