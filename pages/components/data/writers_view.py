"""Who drew the pictures, where their files say so, and a test with those of one person, whom the training never meets."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.image_sets.own_dataset import OwnDataset
from core.image_sets.writers import leave_out, left_out, writers
from core.text.lists import some
from pages.components.data.findings import change
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.widgets import pressed

NAMED = 20


def draw_writers(dataset: OwnDataset) -> None:
    """Nothing where fewer than two have signed. Raises OwnDataError."""
    found = writers(dataset)
    if len(found) < 2:
        return
    st.header("Who drew them")
    out = left_out(dataset, dataset.newest())
    said = some([f"{plain_markdown(writer)} {len(images):,}" for writer, images in found.items()], NAMED)
    st.caption(f"{said}. " + (f"The test is {plain_markdown(out)}'s pictures alone." if out else ""))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        writer = st.selectbox("Leave out", list(found), key=f"writer to leave out of {dataset.id}", width=240)
        words = "Test with these, learn from all others"
        if pressed(words, key="leave out writer", icon=":material/person_off:", disabled=writer == out):
            change(dataset, f"{writer} left out of training", partial(leave_out, writer=writer))
