"""What a network says of pictures: one computation, whoever asks, and how soon it says that it does not know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.text.numbers import percent
from pages.components.classify.networks import Network
from pages.components.classify.prediction_view import Said

ANSWERED = "answered"  # key of the slider
USUAL = 0.995  # share that is answered unless someone moves the slider: a stranger's digit that is refused spoils a demonstration
SHARES = (0.9, 0.95, 0.98, 0.99, 0.995, 1.0)
BATCH = 250  # pictures that are held against all that it learned from at a time
BATCH_PIXELS = 1_500_000  # fewer of large ones: the layers of 250 photos of 224 x 224 would take two gigabytes


def said_of(network: Network, pixels: np.ndarray) -> Said:
    """The answer to one picture, uint8 (C, H, W). Raises TrainDeskError."""
    return said_of_many(network, [pixels])[0]


def said_of_many(network: Network, prepared: Sequence[np.ndarray]) -> list[Said]:
    """The answers to pictures uint8 (C, H, W): with the temperature that makes confidence honest, and refused where a picture is
    unlike all that the network learned from, as soon as that is known. Raises TrainDeskError."""
    answers: list[Said] = []
    step = max(1, min(BATCH, BATCH_PIXELS // max(1, prepared[0][0].size))) if prepared else BATCH
    for start in range(0, len(prepared), step):
        pixels = np.stack(list(prepared[start : start + step]))
        features, probabilities = network.classifier.embed(pixels)
        strange = np.zeros(len(pixels), bool)
        if known := network.known:
            from core.inference.neighbours import tempered

            probabilities = tempered(probabilities, known.temperature)
            strange = known.ood_score(features, pixels) > known.limit(st.session_state.get(ANSWERED, USUAL))
        answers += [Said(*each) for each in zip(probabilities, strange.tolist(), strict=True)]
    return answers


def draw_caution(network: Network) -> None:
    """How soon the network says that it does not know, and what that costs."""
    place = st.popover(
        "When does it say “I don’t know”?", icon=":material/help_center:", key="caution", on_change="rerun"
    )
    if not place.open:  # what it needs is loaded when it is asked for
        return
    with place:
        share = st.select_slider(
            "Validation pictures that it still answers",
            SHARES,
            USUAL,
            key=ANSWERED,
            format_func=percent,
            persist_state="session",
        )
        known = network.known
        if known is None:
            st.caption("What it learned from is being looked at; a few seconds.")
            return
        answered = known.val_ood_scores <= known.limit(share)
        right = known.val_right[answered].mean() if answered.any() else 0.0
        st.markdown(
            f"It answers {percent(answered.mean())} of the validation pictures and is right in {percent(right)} of those; of the "
            f"others it says that they are unlike anything it learned from. The further left, the more careful."
        )
        warmth = "less sure of itself than it was" if known.temperature > 1 else "surer of itself than it was"
        st.caption(
            "It compares a picture with those it learned from, in its own features and in pixels. When it is measured on the "
            f"validation pictures, it has to be {warmth} to be right as often as it says: temperature {known.temperature:.2f}."
        )
