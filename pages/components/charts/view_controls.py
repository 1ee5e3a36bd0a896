"""How curves are looked at. All of it is in the address, so that a link shows the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.glossary import meaning_of
from pages.components.charts.curves import Axis, AxisName
from pages.components.shell.links import from_address

AXES: tuple[AxisName, ...] = ("epoch", "step", "time")
SMOOTHINGS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


@dataclass(frozen=True)
class Options:
    """How a run's curves are drawn."""

    axis: Axis
    smoothing: float
    is_logarithmic: bool
    more: bool  # learning rate and speed too


def draw_options() -> Options:
    """All that can be chosen of a run's curves, one below the other."""
    return Options(axis_control(), smoothing_control(), log_control(), more_control())


def axis_control() -> Axis:
    """What the curves are drawn over."""
    changed = from_address("axis", AXES, "epoch")
    return Axis(st.segmented_control("Over", AXES, key="axis", required=True, on_change=changed) or "epoch")


def smoothing_control() -> float:
    """How much of its past each point takes over, 0 to below 1."""
    changed = from_address("smoothing", SMOOTHINGS, 0.0)
    return st.select_slider(
        "Smoothing", SMOOTHINGS, key="smoothing", help=meaning_of("smoothing"), width=170, on_change=changed
    )


def log_control() -> bool:
    """Whether the loss has a logarithmic axis."""
    return _toggle("Logarithmic loss", "log", "Shows small differences late in a training.")


def more_control() -> bool:
    """Whether to draw learning rate and speed too."""
    return _toggle("Learning rate and speed", "more", None)


def one_of(label: str, name: str, choices: Mapping[str, str], **options: Any) -> str:
    """One of the choices by its key, at first the first; a list where they are many."""
    keys = list(choices)
    options |= {"format_func": choices.__getitem__, "key": name, "on_change": from_address(name, keys, keys[0])}
    if len(keys) > 4:
        return st.selectbox(label, keys, width=260, **options)
    return st.segmented_control(label, keys, required=True, **options) or keys[0]


def _toggle(label: str, name: str, tip: str | None) -> bool:
    changed = from_address(name, (True, False), False)
    return st.toggle(label, key=name, help=tip, on_change=changed)
