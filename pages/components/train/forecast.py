"""How long a config will take: `python -m core forecast` in a process of its own, so no page waits and none imports torch."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.machine.processes import Question
from core.paths import data_folder
from core.run_config import RunConfig
from pages.components.shell.number_words import about, count, gigabytes, megabytes
from pages.components.train.core_process import question

STATE = "forecast of the form"
LONGEST = 300.0  # seconds; it takes about 5, large networks on a busy computer some minutes


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
