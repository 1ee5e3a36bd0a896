"""How an import's folders were read: a tree with the numbers of classes and splits, and the way to correct it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import streamlit as st

from core.image_sets.imports import Branch, Job, Reading, read_again
from pages.components.shell.links import DATA, show
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.widgets import action

PARTS = {"train": "training", "val": "validation", "test": "test", "": "training and test"}


def draw_question(job: Job) -> None:
    """The question, its answers, and what the chosen one gives; nothing is decoded before it is answered."""
    reading = job.reading()
    st.title("How are these pictures sorted?")
    st.markdown(plain_markdown(reading.question))
    key = _choose(job, reading)
    with st.container(horizontal=True):
        _draw_answer(job, key, icon=":material/check:")
        draw_cancel(job)
    st.html(tree(reading.trees.get(key, ())))
    if reading.notes:
        st.caption(plain_markdown(" ".join(reading.notes)))


def draw_reading(job: Job) -> None:
    """For an import that goes on or is done: the tree, and another reading for those that find it wrong."""
    reading = job.reading()
    if not reading.trees:
        return
    with st.expander(
        "This is how I read your folders", expanded=job.progress().state != "ready", icon=":material/account_tree:"
    ):
        st.html(tree(reading.trees.get(reading.key, ())))
        if len(reading.alternatives) < 2:
            st.caption("Not right? Put each class into a folder of its own and bring them again.")
            return
        with st.popover("Not right?", icon=":material/edit:", key="correct the reading"):
            key = _choose(job, reading)
            _draw_answer(job, key, disabled=key == reading.key)


def _draw_answer(job: Job, key: str, **options: Any) -> None:
    action("Read it like this", lambda: read_again(job, key), type="primary", key="answer the import", **options)


def tree(parts: Iterable[Branch]) -> str:
    """HTML: each split with its folder and the numbers of its classes."""
    boxes = []
    for part in parts:
        said = PARTS[part.split]
        called = part.called
        head = (
            f"<b>{escape(called)}</b> {said}" if called and called.casefold() != said else f"<b>{said.capitalize()}</b>"
        )
        rows = "".join(f"<li><span>{escape(name)}</span><span>{number:,}</span></li>" for name, number in part.classes)
        more = f"<li>and {part.more:,} more</li>" if part.more else ""
        boxes.append(f"<li><p>{head} <span>{count(part.pictures, 'picture')}</span></p><ul>{rows}{more}</ul></li>")
    return f'<ul class="reading" aria-label="How the folders were read">{"".join(boxes)}</ul>'


def _choose(job: Job, reading: Reading) -> str:
    keys = list(reading.alternatives)
    if len(keys) < 2:
        return reading.key
    return st.radio(
        "The classes are",
        keys,
        index=keys.index(reading.key) if reading.key in keys else 0,
        format_func=lambda key: plain_markdown(reading.alternatives[key]),
        key=f"reading {job.id}",
        label_visibility="collapsed",
    )


def draw_cancel(job: Job) -> None:
    """A button that ends the import and goes back to the datasets."""

    def cancel() -> None:
        job.cancel()
        show(DATA)

    action("Cancel", cancel, icon=":material/close:", key="cancel the import")
