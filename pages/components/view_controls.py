"""How curves are looked at. All of it is in the address, so that a link shows the same."""

from __future__ import annotations

import streamlit as st

from core.glossary import meaning_of
from pages.components.curves import Axis

SMOOTHINGS = [0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]


def axis_control() -> Axis:
    name = st.segmented_control(
        "Over", ["epoch", "step", "time"], default="epoch", key="axis", bind="query-params", required=True
    )
    return Axis(name or "epoch")


def smoothing_control() -> float:
    chosen = st.select_slider(
        "Smoothing", SMOOTHINGS, key="smoothing", bind="query-params", help=meaning_of("smoothing"), width=170
    )
    return float(chosen or 0)


def log_control() -> bool:
    return bool(
        st.toggle(
            "Logarithmic loss", key="log", bind="query-params", help="Shows small differences late in a training."
        )
    )


def more_control() -> bool:
    """Whether to draw learning rate and speed too."""
    return bool(st.toggle("Learning rate and speed", key="more", bind="query-params"))
