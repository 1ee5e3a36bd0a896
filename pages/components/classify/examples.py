"""Test pictures at a click: a random one, or one that the network gets wrong, with its true class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from core.datasets.thumbnails import labels_of, pictures_of
from core.paths import data_folder
from pages.components.classify.desk import Asked, draw_desk, invitation
from pages.components.classify.networks import Network, following, prepared_by
from pages.components.shell.histories import predictions_of
from pages.components.shell.pictures import address_of

CHOSEN = "example"


def draw_examples(networks: Sequence[Network]) -> None:
    """A fragment: another picture redraws the answer, not the page."""
    following(_draw_examples, networks)


def _draw_examples(networks: Sequence[Network]) -> None:
    dataset = networks[0].config.dataset
    stored, labels = (of(dataset, data_folder(), "test") for of in (pictures_of, labels_of))
    if stored is None or labels is None or len(stored) != len(labels):
        st.markdown("Its test pictures are not on this computer; they come with the first training on its dataset.")
        return

    def source(networks: list[Network]) -> Asked:
        run_id = networks[0].run.id
        row = _chosen(networks[0], len(stored))
        if row is None:
            st.html('<div class="frame-of-picture"></div>')
            return Asked()
        pixels = np.array(stored[row])  # (H, W, C)
        st.html(
            f'<div class="frame-of-picture"><img src="{address_of(pixels)}" alt="Test picture {row} of run {run_id}"></div>'
        )
        exact = np.ascontiguousarray(pixels.transpose(2, 0, 1))
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        truth = networks[0].class_names[int(labels[row])]
        return Asked([exact, *prepared_by(networks[1:], image)], image, truth)

    said = "A click shows a picture that the network has never learned from, and here what it says of it."
    draw_desk(networks, source, "example", invitation("Take a test picture.", said))


def _chosen(network: Network, count: int) -> int | None:
    """The buttons, and the row of the test picture that was chosen for this run."""
    predictions = predictions_of(network.run, "test")
    wrong = [] if predictions is None or predictions.rows.max() >= count else predictions.rows[~predictions.right]
    with st.container(horizontal=True):
        if st.button("A random test picture", icon=":material/shuffle:", type="primary"):
            st.session_state[CHOSEN] = network.run.id, int(np.random.default_rng().integers(count))
        if len(wrong) and st.button("One that it gets wrong", icon=":material/sentiment_dissatisfied:"):
            st.session_state[CHOSEN] = network.run.id, int(np.random.default_rng().choice(wrong))
    run_id, row = st.session_state.get(CHOSEN, ("", 0))
    return row if run_id == network.run.id and row < count else None
