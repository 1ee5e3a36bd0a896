"""The bar under the training form: what will be trained, how long that takes (measured by `python -m core forecast` in a process
of its own, so no page waits and none imports torch), and Start."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from core.experiments.duration import seconds_of_all
from core.experiments.sweep import Plan
from core.machine.processes import Question
from core.paths import data_folder
from core.run_config import RunConfig
from core.workers.dispatch import gpus
from core.workers.launch import prepare
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import about, count, gigabytes, megabytes, plain_markdown
from pages.components.shell.setting_words import in_short
from pages.components.shell.start import start_run
from pages.components.shell.widgets import action, redrawn
from pages.components.train.core_process import question
from pages.components.train.cost import Cost, cost_here
from pages.components.train.sweep_form import start_sweep

REFRESH_SECONDS = 0.5
STATE = "forecast of the form"
LONGEST = 300.0  # seconds; it takes about 5, large networks on a busy computer some minutes


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
    measurement: Measurement | None,
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


@dataclass
class Measurement:
    """One measurement of one config: running, then `found` or a `problem` in one sentence."""

    of: str  # the config as JSON, without what does not matter
    found: dict[str, Any] | None = None
    problem: str = ""
    question: Question | None = None  # while it runs

    def is_running(self) -> bool:
        """Looks at the process, and takes over its answer when it has ended."""
        if self.question is None:
            return False
        if not self.question.is_running():
            self._take(self.question.answer(), self.question.process.returncode)
        elif time.monotonic() - self.question.began < LONGEST:
            return True
        else:
            self.problem = (
                f"The measurement took longer than {LONGEST / 60:.0f} minutes and was ended; try smaller settings."
            )
        self.end()
        return False

    def end(self) -> None:
        """Ends the process, if it runs, and removes its files."""
        if self.question is not None:
            self.question.end()
            self.question = None

    def _take(self, answer: dict[str, Any] | None, status: int) -> None:
        if answer is None:
            self.problem = f"The measurement ended without an answer (exit status {status}); try smaller settings."
        elif "error" in answer:
            self.problem = str(answer["error"])
        else:
            self.found = answer


def start_forecast(config: RunConfig) -> None:
    """Starts measuring and keeps the measurement for this visitor. Whatever prevents it becomes its problem."""
    measurement = Measurement(_key(config))
    st.session_state[STATE] = measurement
    if not config.dataset.is_present(data_folder()):
        size = config.dataset.info().download_bytes
        measurement.problem = (
            f"It is measured on pictures of {config.dataset.title()}, which are not here yet"
            + (f" ({megabytes(size)})" if size else "")
            + "; they are fetched when you start."
        )
        return
    try:
        measurement.question = question("forecast", config.model_dump_json(), "--data", str(data_folder()))
    except OSError as error:
        measurement.problem = (
            f"The measurement could not be started ({error.strerror or error}); free some space or memory."
        )


def present_measurement(config: RunConfig | None) -> Measurement | None:
    """The visitor's measurement if it is of this config; one of other settings is ended and forgotten."""
    measurement = st.session_state.get(STATE)
    if measurement is not None and (config is None or measurement.of != _key(config)):
        forget_measurement()
        return None
    return measurement


def forget_measurement() -> None:
    """Ends the visitor's measurement, if there is one."""
    if (measurement := st.session_state.pop(STATE, None)) is not None:
        measurement.end()


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
    memory = gigabytes(found["memory_bytes"])
    return f"About {about(found['seconds'])} ({length}), {memory}, {weights}, {found['precision']} {where}"


def _key(config: RunConfig) -> str:
    return config.model_copy(update={"title": "", "recipe": ""}).model_dump_json()
