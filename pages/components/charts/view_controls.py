"""How curves are looked at. All of it is in the address, so that a link shows the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import streamlit as st

from core.glossary import meaning_of
from pages.components.charts.curves import Axis, AxisName
from pages.components.shell.links import from_address

AXES: tuple[AxisName, ...] = ("epoch", "step", "time")
Choice = TypeVar("Choice", bound=str)
SMOOTHINGS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


class Options(NamedTuple):
    """How a run's curves are drawn."""

    axis: Axis
    smoothing: float
    is_logarithmic: bool
    more: bool  # learning rate and speed too


def draw_options() -> Options:
    """All that can be chosen of a run's curves, one below the other."""
    return Options(axis_control(), smoothing_control(), log_control(), toggle("Learning rate and speed", "more"))


def axis_control() -> Axis:
    """What the curves are drawn over."""
    return Axis(one_of("Over", "axis", {name: name for name in AXES}))


def smoothing_control() -> float:
    """How much of its past each point takes over, 0 to below 1."""
    changed = from_address("smoothing", SMOOTHINGS, 0.0)
    return st.select_slider(
        "Smoothing", SMOOTHINGS, key="smoothing", help=meaning_of("smoothing"), width=170, on_change=changed
    )


def log_control() -> bool:
    """Whether the loss has a logarithmic axis."""
    return toggle("Logarithmic loss", "log", "Shows small differences late in a training.")


def one_of(label: str, name: str, choices: Mapping[Choice, str], **options: Any) -> Choice:
    """One of the choices by its key, at first the first; a list where they are many."""
    keys = list(choices)
    options |= {"format_func": choices.__getitem__, "key": name, "on_change": from_address(name, keys, keys[0])}
    if len(keys) > 4:
        return st.selectbox(label, keys, width=260, **options)
    return st.segmented_control(label, keys, required=True, **options) or keys[0]


def toggle(label: str, name: str, tip: str | None = None) -> bool:
    """A switch, off at first."""
    changed = from_address(name, (True, False), False)
    return st.toggle(label, key=name, help=tip, on_change=changed)
