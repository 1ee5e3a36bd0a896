"""What a training took on this computer when it was done before: known at once, where a measurement takes seconds."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import NamedTuple

import streamlit as st

from core.paths import runs_folder
from core.run_config import RunConfig
from core.runs.store import Run
from core.runs.summary import Summary
from pages.components.shell.histories import shared_history, summaries
from pages.components.train.experiments import config_of

LOOKED_AT = 300  # runs, the newest
COUNTED = 5  # of those with these very settings
APART = {"title": "", "recipe": "", "experiment": ""}  # has nothing to do with it


class Cost(NamedTuple):
    """Of a whole training."""

    seconds: float
    memory_bytes: int  # the most in use; 0: not known
    runs: int  # that it is the median of


def cost_here(config: RunConfig) -> Cost | None:
    """From the newest finished runs with the same settings, whatever their seed; None without one."""
    wanted = _settings(config)
    kind = (config.dataset.title(), config.architecture.label)
    found: list[Summary] = []
    for run in summaries()[:LOOKED_AT]:
        fits = run.status == "finished" and run.seconds and run.epochs == run.planned == config.training.epochs
        if not fits or run.computer or (run.dataset, run.architecture) != kind:
            continue
        folder = runs_folder() / run.id
        if not folder.is_dir() or Run(folder).is_example():  # the example was trained elsewhere
            continue
        if (other := config_of(str(folder), run.planned)) and _settings(other) == wanted:
            found.append(run)
            if len(found) == COUNTED:
                break
    if not found:
        return None
    memory = [_memory(str(runs_folder() / run.id)) for run in found]
    return Cost(median(run.seconds or 0.0 for run in found), int(median(memory)), len(found))


@st.cache_data(max_entries=500, show_spinner=False)
def _memory(folder: str) -> int:
    epochs = list(shared_history(Run(Path(folder))).history.epochs)
    return int(epochs[-1].get("memory_bytes") or 0) if epochs else 0


def _settings(config: RunConfig) -> RunConfig:
    return config.model_copy(update={**APART, "training": config.training.model_copy(update={"seed": 0})})
