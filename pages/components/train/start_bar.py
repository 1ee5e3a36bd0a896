"""The bar under the training form: what will be trained, how long that takes, and Start."""

from __future__ import annotations

import streamlit as st

from core.experiments.duration import seconds_of_all
from core.experiments.sweep import Plan
from core.paths import data_folder
from core.run_config import RunConfig
from core.workers.dispatch import gpus
from core.workers.launch import prepare
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import about, count, gigabytes, plain_markdown
from pages.components.shell.setting_words import in_short
from pages.components.shell.start import start_run
from pages.components.train.cost import Cost, cost_here
from pages.components.train.forecast import (
    Measurement,
    forecast_in_words,
    forget_measurement,
    present_measurement,
    start_forecast,
)
from pages.components.train.sweep_form import start_sweep

REFRESH_SECONDS = 0.5


def draw_start_bar(
    config: RunConfig | None, problems: dict[str, str], sweep: Plan | None = None, several: bool = False
) -> None:
    """Polls by itself while a measurement is on its way; the form above is left alone meanwhile.

    `several`: runs of a sweep are wanted, also while a value of it is wrong and there is no plan.
    """
    prepare()
    measurement = present_measurement(config)
    measuring = measurement is not None and measurement.is_running()
    st.fragment(_draw, run_every=REFRESH_SECONDS if measuring else None)(
        config, problems, sweep, several, measurement, measuring
    )


def _draw(
    config: RunConfig | None,
    problems: dict[str, str],
    sweep: Plan | None,
    several: bool,
    measurement: Measurement | None,
    was_measuring: bool,
) -> None:
    measuring = measurement is not None and measurement.is_running()
    if was_measuring and not measuring:
        st.rerun()  # the whole page once more, without the timer
    if measurement and measurement.problem:
        show_error(measurement.problem)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="start-bar"):
        with st.container(width="content", gap=None):
            if problems or config is None:
                st.markdown(f"**{count(len(problems), 'value')} to correct** before it can start, marked in the form.")
            else:
                st.markdown(f"{plain_markdown(in_short(config))}, {count(config.training.epochs, 'epoch')}")
            if measuring:
                st.caption("Measuring a few real steps ...")
            elif measurement and measurement.found:
                st.caption(plain_markdown(forecast_in_words(measurement.found)))
                if sweep and config:
                    _draw_of_all(measurement.found["seconds"], measurement.found["device"], config, sweep)
            elif config and not problems and (cost := cost_here(config)):
                st.caption(_as_before(cost))
                if sweep:
                    _draw_of_all(cost.seconds, "cpu" if not gpus() else "gpu", config, sweep)
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            if (
                st.button(
                    "How long will it take?",
                    type="tertiary",
                    disabled=config is None or measuring,
                    help="Trains a few steps without keeping anything, and reckons time and memory from them.",
                    key="forecast",
                )
                and config
            ):
                start_forecast(config)
                st.rerun()
            runs = (
                f"Start {count(len(sweep.configs), 'run')}" if sweep else "Start runs" if several else "Start training"
            )
            wrong = bool(problems) or config is None  # also a wrong value to try: it must not start the one run
            if st.button(runs, type="primary", icon=":material/play_arrow:", disabled=wrong, key="start"):
                forget_measurement()  # it would take computing time from the training
                if sweep:
                    start_sweep(sweep.configs)
                elif config:
                    start_run(config)


def _as_before(cost: Cost) -> str:
    """ "About 25 s, 0.9 GB, as the last 3 runs with these settings took here"."""
    memory = f", {gigabytes(cost.memory_bytes)}" if cost.memory_bytes else ""
    runs = "the last run" if cost.runs == 1 else f"the last {cost.runs} runs"
    return f"About {about(cost.seconds)}{memory}, as {runs} with these settings took here"


def _draw_of_all(seconds: float, device: str, config: RunConfig, sweep: Plan) -> None:
    """The total, where it follows from the time of the form's run; several at a time share the processor."""
    at_once = len(gpus()) if device != "cpu" else 1
    total = seconds_of_all(seconds, config, sweep.configs, at_once, data_folder())
    if total is not None:
        st.caption(f"All {len(sweep.configs)} runs: about {about(total)}")
