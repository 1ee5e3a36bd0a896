"""The bar under the training form: what will be trained, how long that takes, and Start."""

from __future__ import annotations

import streamlit as st

from core.config import RunConfig
from core.runs.launch import prepare
from pages.components.describe import in_short
from pages.components.measurement import (
    Measurement,
    begin,
    forecast_in_words,
    forget_measurement,
    present_measurement,
)
from pages.components.messages import show_error
from pages.components.start import start_run
from pages.components.wording import count, plain_markdown

REFRESH_SECONDS = 0.5


def draw_start_bar(config: RunConfig | None, problems: dict[str, str]) -> None:
    """Polls by itself while a measurement is on its way; the form above is left alone meanwhile."""
    prepare()
    measurement = present_measurement(config)
    measuring = measurement is not None and measurement.is_running()
    st.fragment(_draw, run_every=REFRESH_SECONDS if measuring else None)(config, problems, measurement, measuring)


def _draw(
    config: RunConfig | None, problems: dict[str, str], measurement: Measurement | None, was_measuring: bool
) -> None:
    measuring = measurement is not None and measurement.is_running()
    if was_measuring and not measuring:
        st.rerun()  # the whole page once more, without the timer
    if measurement and measurement.problem:
        show_error(measurement.problem)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="start-bar"):
        with st.container(width="content", gap=None):
            if config is None:
                st.markdown(f"**{count(len(problems), 'value')} to correct** before it can start, marked in the form.")
            else:
                st.markdown(f"{plain_markdown(in_short(config))}, {count(config.training.epochs, 'epoch')}")
            if measuring:
                st.caption("Measuring a few real steps ...")
            elif measurement and measurement.found:
                st.caption(plain_markdown(forecast_in_words(measurement.found)))
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            if st.button(
                "How long will it take?",
                type="tertiary",
                disabled=config is None or measuring,
                help="Trains a few steps without keeping anything, and reckons time and memory from them.",
                key="forecast",
            ):
                begin(config)
                st.rerun()
            if st.button(
                "Start training", type="primary", icon=":material/play_arrow:", disabled=config is None, key="start"
            ):
                forget_measurement()  # it would take computing time from the training
                start_run(config)
