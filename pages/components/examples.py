"""Test pictures at a click: a random one, or one that the network gets wrong, with its true class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from core.datasets.pictures import labels_of, pictures_of
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
    stored, labels = (of(dataset, data_folder(), "test") for of in (pictures_of, labels_of))
    if stored is None or labels is None or len(stored) != len(labels):
        st.markdown("Its test pictures are not on this computer; they come with the first training on its dataset.")
        return
    said = read_predictions(first.run, "test")
    wrong = [] if said is None or said.rows.max() >= len(stored) else said.rows[~said.right]
    with st.container(horizontal=True):
        if st.button("A random test picture", icon=":material/shuffle:", type="primary"):
            st.session_state[CHOSEN] = first.run.id, int(np.random.default_rng().integers(len(stored)))
        if len(wrong) and st.button("One that it gets wrong", icon=":material/sentiment_dissatisfied:"):
            st.session_state[CHOSEN] = first.run.id, int(np.random.default_rng().choice(wrong))
    run_id, row = st.session_state.get(CHOSEN, ("", 0))
    if run_id != first.run.id or row >= len(stored):
        st.markdown("A click shows a picture that the network has never learned from, and what it says of it.")
        return
    pixels = np.array(stored[row])  # (H, W, C)
    exact = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    others = prepared_by(networks[1:], image)
    draw_answers(networks, [exact, *others], key="example", truth=first.classifier.class_names[int(labels[row])])
