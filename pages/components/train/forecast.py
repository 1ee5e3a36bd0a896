"""How long a config will take: `python -m core forecast` in a process of its own, so no page waits and none imports torch."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from core.paths import HOME, data_folder
from core.run_config import RunConfig
from core.workers.launch import worker_environment
from pages.components.shell.wording import about, count, gigabytes, megabytes

STATE = "forecast of the form"
LONGEST = 300.0  # seconds; it takes about 5, large networks on a busy computer some minutes


@dataclass
class Measurement:
    """One measurement of one config: running, then `found` or a `problem` in one sentence."""

    of: str  # the config as JSON, without what does not matter
    found: dict[str, Any] | None = None
    problem: str = ""
    process: subprocess.Popen | None = None
    folder: tempfile.TemporaryDirectory | None = None
    started: float = field(default_factory=time.monotonic)

    def is_running(self) -> bool:
        """Looks at the process, and takes over its answer when it has ended."""
        if self.process is None:
            return False
        if self.process.poll() is None:
            if time.monotonic() - self.started < LONGEST:
                return True
            self.problem = (
                f"The measurement took longer than {LONGEST / 60:.0f} minutes and was ended; try smaller settings."
            )
        else:
            self._take_answer(self.process.returncode)
        self.end()
        return False

    def end(self) -> None:
        """Ends the process, if it runs, and removes its files."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        if self.folder is not None:
            self.folder.cleanup()
            self.folder = None

    def _take_answer(self, status: int) -> None:
        assert self.folder is not None, "it is asked once, while its folder is there"
        try:
            answer = json.loads(Path(self.folder.name, "answer.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            answer = None
        if not isinstance(answer, dict):
            self.problem = f"The measurement ended without an answer (exit status {status}); try smaller settings."
        elif "error" in answer:
            self.problem = str(answer["error"])
        else:
            self.found = answer


def begin(config: RunConfig) -> None:
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
        measurement.folder = tempfile.TemporaryDirectory(prefix="traindesk-", ignore_cleanup_errors=True)
        folder = Path(measurement.folder.name)
        (folder / "config.json").write_text(config.model_dump_json(), encoding="utf-8")
        command = ["forecast", "--config", str(folder / "config.json"), "--data", str(data_folder()), "--json"]
        with (folder / "answer.json").open("wb") as answer:
            measurement.process = subprocess.Popen(
                [sys.executable, "-m", "core", *command],
                cwd=HOME,
                env=worker_environment(),
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=subprocess.DEVNULL,
            )
    except OSError as error:
        measurement.end()
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
