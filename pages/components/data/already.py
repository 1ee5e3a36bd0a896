"""What has been collected so far answers already: how well, and a place to try it. Nothing here waits for torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from core.errors import ImageError, NothingDrawn
from core.image_sets.kept_features import KeptFeatures
from core.image_sets.suggest import collected_how
from core.images.read import read_image
from core.inference.collecting import FEWEST, Collecting, Example, Eye, Learned
from core.paths import data_folder
from core.text.numbers import percent
from pages.components.classify.desk import STYLE
from pages.components.classify.prediction_view import Said, bars, words
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.widgets import redrawn_until

PATIENCE = 0.4  # seconds that an answer may keep the page waiting
EVERY = 0.7  # seconds between two looks while it learns
WEAK = 0.9  # share of right answers below which a class is named


@st.cache_resource(max_entries=100, show_spinner=False)
def collecting(folder: str, key: str) -> Collecting:
    """Of one collection; shared by all visitors."""
    return Collecting(_eye(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _eye(folder: str) -> Eye:
    return Eye(KeptFeatures(Path(folder) / "cache"))


def follow(key: str, examples: Sequence[Example], fit: str, draw: Callable[[Collecting], None]) -> None:
    """Learns of these pictures beside the page, and draws a part of it that is drawn again when that is done; `fit` says how
    pictures become squares."""
    live = collecting(str(data_folder()), key)
    live.follow(examples, collected_how(fit))
    waits = not live.wait(PATIENCE)

    redrawn_until(lambda: waits and live.wait(0), lambda: draw(live), EVERY if waits else None)


def draw_already(live: Collecting, image: Image.Image | None, shown: str, key: str) -> None:
    """`image` is what is drawn or seen just now; `shown` says where that is, such as "the drawing on the left"."""
    st.html(STYLE)
    with st.container(border=True, key=f"already {key}"):
        st.markdown("**It already answers**" if live.learned else "**It will answer while you collect**")
        is_ready = live.wait(PATIENCE)
        learned = live.learned
        if live.problem:
            show_error(live.problem)
        if learned is None:
            _draw_nothing_yet(live, is_ready)
            return
        st.markdown(how_well(learned))
        place = st.container()
        image, of = _uploaded(image, shown, key)
        with place:
            _draw_answer(learned, image, of)


def _draw_answer(learned: Learned, image: Image.Image | None, of: str) -> None:
    said = _answer(learned, image)
    st.html(
        words(said, learned.class_names)
        if said
        else f'<div class="invitation"><p class="lead">Try it: what is it?</p><p class="quiet">Its answer to {escape(of)} '
        "stands here.</p></div>"
    )
    st.html(bars(said, learned.class_names))


def how_well(learned: Learned) -> str:
    """Markdown: how many of the pictures are read right by networks that did not know them, and what would help."""
    few = ", ".join(f"**{plain_markdown(name)}**" for name in learned.waiting)
    return _right(learned) + (f" It learns {few} from {FEWEST} pictures on." if few else "")


def _right(learned: Learned) -> str:
    total = sum(learned.counts)
    if not learned.right:
        return f"It knows {total} pictures. From five of each class on it says how many it reads right."
    right = sum(learned.right)
    said = (
        f"Of {total} pictures, each held out while the others taught it, it reads **{right}** right "
        f"(**{percent(right / total)}**)."
    )
    worst = min(range(len(learned.counts)), key=lambda place: learned.right[place] / learned.counts[place])
    if learned.right[worst] < WEAK * learned.counts[worst]:
        name = plain_markdown(learned.class_names[worst])
        said += (
            f" Weakest is **{name}**, {learned.right[worst]} of {learned.counts[worst]}: more pictures of it help most."
        )
    return said


def _draw_nothing_yet(live: Collecting, is_ready: bool) -> None:
    if is_ready:
        st.caption(
            f"From {FEWEST} pictures each of two classes on it answers, and learns with every picture that comes."
        )
    elif live.total and live.done < live.total:
        st.caption(f"Looking at the pictures: {live.done:,} of {live.total:,} ...")
    else:
        st.caption("The network that knows photos is being loaded; collect on ...")


def _uploaded(image: Image.Image | None, shown: str, key: str) -> tuple[Image.Image | None, str]:
    """A picture that was uploaded to be tried comes before what is drawn or seen."""
    file = st.file_uploader("Try a picture of yours", type=["image"], key=f"try {key}")
    if file is None:
        return image, shown
    try:
        return read_image(file.getvalue(), file.name), file.name
    except ImageError as error:
        show_error(str(error))
        return None, shown


def _answer(learned: Learned, image: Image.Image | None) -> Said | None:
    if image is None:
        return None
    try:
        return Said(learned.probabilities(learned.prepare(image)).astype(np.float32))
    except NothingDrawn:
        return None
    except ImageError as error:
        show_error(str(error))
        return None
