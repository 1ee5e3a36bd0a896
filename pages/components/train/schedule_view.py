"""The learning rate that a schedule will give, as a small curve from the first epoch to the last, beside its settings."""

from __future__ import annotations

import streamlit as st

from core.run_config import RunConfig
from core.text.numbers import count, decimal
from pages.components.shell.html_parts import sparkline

POINTS = 240


def draw_schedule(config: RunConfig | None) -> None:
    """Drawn anew with every change of the form. While a value of it is wrong its place stays empty."""
    with st.container(key="schedule curve", gap=None):
        if config is None:
            st.html('<span class="spark"></span>')
            return
        rates, epochs = rates_of(config), config.training.epochs
        st.html(sparkline([rate / max(rates) for rate in rates], f"Learning rate over {count(epochs, 'epoch')}"))
        st.caption(in_words(rates, epochs, config.schedule.follows_validation))


def rates_of(config: RunConfig) -> list[float]:
    """Learning rates at moments evenly spread from the first step to the last, as far as they are known beforehand."""
    schedule, epochs = config.schedule, config.training.epochs
    start: float = config.optimizer.learning_rate
    moments = [epochs * place / POINTS for place in range(POINTS)]
    return [start * schedule.factor(moment, epochs, {}) for moment in moments]


def in_words(rates: list[float], epochs: int, follows_validation: bool) -> str:
    """ "0.00004 rises to 0.001 at epoch 1.2, falls to 0.0000001"."""
    top = rates.index(max(rates))
    first, highest, last = (decimal(rate, 2) for rate in (rates[0], rates[top], rates[-1]))
    parts = [first]
    parts += [f"rises to {highest} by epoch {epochs * top / len(rates) + 1:.3g}"] if highest != first else []
    parts += [f"falls to {last}"] if last != highest else []
    said = ", ".join(parts) if len(parts) > 1 else f"{first} all the time"
    return f"{said}; falls further when the validation loss does not" if follows_validation else said
