"""The bar under the training form: what will be trained, how long that takes (measured by `python -m core forecast` in a process
of its own, so no page waits and none imports torch), and Start."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.experiments.duration import seconds_of_all
from core.experiments.sweep import Plan
from core.nodes.registry import HERE
from core.paths import data_folder
from core.run_config import RunConfig
from core.text.numbers import bytes_in_words
from core.workers.dispatch import gpus
from core.workers.launch import prepare
from core.workers.tasks import Task, TaskQueue
from pages.components.shell.computers import (
    COMPUTER,
    choose_computer,
    chosen_computer,
    computers,
    gpus_there,
    places_for,
    ratio_of,
)
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import about, count, plain_markdown
from pages.components.shell.playing import enter_started
from pages.components.shell.rights import visitor
from pages.components.shell.setting_words import in_short
from pages.components.shell.start import start_run
from pages.components.shell.widgets import action, pressed, redrawn
from pages.components.train.core_process import question
from pages.components.train.cost import Cost, cost_here
from pages.components.train.form_choices import MEASUREMENT, measured_as
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
    redrawn(
        lambda: measurement is not None and measurement.is_running(),
        bool,
        lambda measuring: _draw(config, problems, sweep, several, measurement, measuring),
        REFRESH_SECONDS,
    )


def _draw(
    config: RunConfig | None,
    problems: dict[str, str],
    sweep: Plan | None,
    several: bool,
    measurement: Task | None,
    measuring: bool,
) -> None:
    if measurement and measurement.problem:
        show_error(measurement.problem)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="start-bar"):
        with st.container(width="content", gap=None):
            if problems or config is None:
                st.markdown(f"**{count(len(problems), 'value')} to correct** before it can start, marked in the form.")
            else:
                st.markdown(f"{plain_markdown(in_short(config))}, {count(config.training.epochs, 'epoch')}")
            if measuring and measurement:
                st.caption(_waits(measurements().before(measurement)))
            elif measurement and measurement.found:
                st.caption(plain_markdown(forecast_in_words(measurement.found)))
                if config:
                    _draw_elsewhere(measurement.found["seconds"], config, sweep)
            elif config and not problems and (cost := cost_here(config)):
                st.caption(_as_before(cost))
                _draw_elsewhere(cost.seconds, config, sweep)
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            computer = _choose_computer()
            action(
                "How long will it take?",
                partial(start_forecast, config) if config else lambda: None,
                type="tertiary",
                disabled=config is None or measuring,
                help="Trains a few steps without keeping anything, and reckons time and memory from them.",
                key="forecast",
            )
            some = f"Start {count(len(sweep.configs), 'run')}" if sweep else "Start runs"
            runs = some if several else "Start training"
            wrong = bool(problems) or config is None  # also a wrong value to try: it must not start the one run
            if pressed(runs, type="primary", icon=":material/play_arrow:", disabled=wrong, key="start"):
                forget_measurement()  # it would take computing time from the training
                if sweep:
                    start_sweep(sweep.configs, computer)
                elif config:
                    start_run(config, computer, enter_started)


def _waits(before: int) -> str:
    if not before:
        return "Measuring a few real steps ..."
    return f"Waits for {count(before, 'measurement')} of others, as they would slow each other down ..."


def _as_before(cost: Cost) -> str:
    """ "About 25 s, 0.9 GB, as the last 3 runs with these settings took here"."""
    memory = f", {bytes_in_words(cost.memory_bytes)}" if cost.memory_bytes else ""
    runs = "the last run" if cost.runs == 1 else f"the last {cost.runs} runs"
    return f"About {about(cost.seconds)}{memory}, as {runs} with these settings took here"


def _choose_computer() -> str:
    choices = {each: f"on {words}" for each, words in computers().items()}  # no label stands beside it
    return choose_computer(COMPUTER, choices=choices, label_visibility="collapsed", width=225, persist_state="session")


def _draw_elsewhere(seconds: float, config: RunConfig, sweep: Plan | None) -> None:
    """What follows from how long the form's run takes here: for the computer that is chosen, and for all runs of a sweep."""
    computer = chosen_computer(COMPUTER)
    if computer not in ("", HERE):
        ratio = ratio_of(config, computer)
        st.caption(f"On {plain_markdown(computer)} about {about(seconds / ratio)}: it is {ratio:.1f} times as fast")
    if sweep:
        places = places_for(config, computer)
        speeds = [speed for name, each in places.items() for speed in (each if _has_gpus(name, config) else each[:1])]
        total = seconds_of_all(seconds, config, sweep.configs, speeds, data_folder()) if speeds else None
        if total is not None:
            st.caption(f"All {len(sweep.configs)} runs: about {about(total)}")


def _has_gpus(computer: str, config: RunConfig) -> bool:
    """Whether a run has a device of its own there; of a processor each gets a share."""
    there = len(gpus()) if not computer else gpus_there(computer)
    return config.training.device != "cpu" and bool(there)


@st.cache_resource(show_spinner=False)
def measurements() -> TaskQueue:
    """Those of all visitors."""
    return TaskQueue("measurement", "try smaller settings")


def start_forecast(config: RunConfig) -> None:
    """Has it measured and keeps the measurement for this visitor. Whatever prevents it becomes its problem."""
    if not config.dataset.is_present(data_folder()):
        size = config.dataset.info().download_bytes
        st.session_state[MEASUREMENT] = Task(
            measured_as(config),
            problem=f"It is measured on pictures of {config.dataset.title()}, which are not here yet"
            + (f" ({bytes_in_words(size)})" if size else "")
            + "; they are fetched when you start.",
            is_over=True,
        )
        return
    ask = partial(question, "forecast", config.model_dump_json(), "--data", str(data_folder()))
    st.session_state[MEASUREMENT] = measurements().begin(visitor(), measured_as(config), ask)


def present_measurement(config: RunConfig | None) -> Task | None:
    """The visitor's measurement if it is of this config; one of other settings is ended and forgotten."""
    measurement = st.session_state.get(MEASUREMENT)
    if measurement is not None and (config is None or measurement.of != measured_as(config)):
        forget_measurement()
        return None
    return measurement


def forget_measurement() -> None:
    """Ends the visitor's measurement, if there is one."""
    if (measurement := st.session_state.pop(MEASUREMENT, None)) is not None:
        measurements().end(measurement)


def forecast_in_words(found: dict[str, Any]) -> str:
    """The answer of `forecast` as one line: "About 2 min 10 s (12 s an epoch), 0.9 GB, ..."."""
    before, epoch = found["seconds_before"], found["seconds_per_epoch"]
    length = f"{about(epoch)} an epoch"
    if before >= 1:
        length = f"{about(before)} for the frozen layers, then {length}"
    weights = count(found["parameters"], "weight")
    if found["trainable"] != found["parameters"]:
        weights += f", {found['trainable']:,} of them trained"
    where = f"on {count(found['threads'], 'thread')}" if found["device"] == "cpu" else f"on {found['device']}"
    memory = bytes_in_words(found["memory_bytes"])
    automatic = f"; {found['automatic']}" if found.get("automatic") else ""
    return f"About {about(found['seconds'])} ({length}), {memory}, {weights}, {found['precision']} {where}{automatic}"
