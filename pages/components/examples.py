"""Test pictures at a click: a random one, or one that the network gets wrong, with its true class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from core.datasets.pictures import pictures_of
from core.paths import data_folder
from core.runs.predictions import read_predictions
from pages.components.ask import draw_answers
from pages.components.networks import Network, prepared_by

CHOSEN = "example"


@st.fragment
def draw_examples(networks: Sequence[Network]) -> None:
    """A fragment: another picture redraws the answer, not the page."""
    first = networks[0]
    dataset = first.classifier.config.dataset
    stored, said = pictures_of(dataset, data_folder(), "test"), read_predictions(first.run, "test")
    if stored is None or said is None or said.rows.max() >= len(stored):
        st.markdown("Its test pictures are not here: they are kept when a run finishes on this computer.")
        return
    wrong = np.flatnonzero(~said.right)
    with st.container(horizontal=True):
        if st.button("A random test picture", icon=":material/shuffle:", type="primary"):
            st.session_state[CHOSEN] = first.run.id, int(np.random.default_rng().integers(len(said)))
        if len(wrong) and st.button("One that it gets wrong", icon=":material/sentiment_dissatisfied:"):
            st.session_state[CHOSEN] = first.run.id, int(np.random.default_rng().choice(wrong))
    run_id, place = st.session_state.get(CHOSEN, ("", 0))
    if run_id != first.run.id:
        st.markdown("A click shows a picture that the network has never learned from, and what it says of it.")
        return
    pixels = stored[said.rows[place]]  # (H, W, C)
    exact = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    others = prepared_by(networks[1:], image)
    draw_answers(networks, [exact, *others], key="example", truth=first.classifier.class_names[int(said.labels[place])])
