"""Teach it back: what a picture really was is kept, and can be added to the next training."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import streamlit as st

from core.datasets.corrections import forget, how_many, keep
from core.paths import data_folder
from pages.components.classify.networks import Network
from pages.components.classify.prediction_view import Said
from pages.components.shell.messages import errors_shown
from pages.components.shell.number_words import count
from pages.components.train.filled_form import open_with_changes

TIMES = 20  # that each of them is shown in an epoch
KEPT = "kept correction"


def draw_teaching(network: Network, pixels: np.ndarray, said: Said, key: str) -> None:
    """What it was, a button to keep that, and the way to a training with it.

    List and button are of this very picture and answer: what was chosen for another does not stay, and a click on a button
    that is not of the picture on the page any more does nothing.
    """
    dataset, names = network.config.dataset, network.class_names
    about = f"{key} {sha256(pixels.tobytes()).hexdigest()[:12]} {said.first}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Was it really", width="content")
        label = st.selectbox(
            "What was it really?",
            range(len(names)),
            said.first,
            format_func=names.__getitem__,
            key=f"truth {about}",
            label_visibility="collapsed",
            width=90 if max(map(len, names)) <= 2 else 180,
        )
        if st.button("Keep it for the next training", icon=":material/school:", key=f"teach {about}"):
            with errors_shown():
                st.session_state[KEPT] = keep(dataset, data_folder(), pixels, label)
        if st.session_state.get(KEPT) and st.button(
            "Undo", icon=":material/undo:", key=f"forget {key}", type="tertiary"
        ):
            forget(st.session_state.pop(KEPT))
    kept = how_many(dataset, data_folder())
    if not kept:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{count(kept, 'picture')} of yours for {dataset.title()}.", width="content")
        if st.button("Train with them", icon=":material/replay:", key=f"train with own {key}"):
            open_with_changes(network.run, network.config, {"training.own_pictures": TIMES})
