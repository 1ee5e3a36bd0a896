"""A real training of a second or two, for pages that show what a network did."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.runs.store import Run, create_run
from core.workers.worker import work
from tests.helpers import quick_config

SETTINGS = {
    "title": "Small digits",
    "architecture": {"name": "simple_cnn", "channels": [8, 16], "hidden": [32]},
    "optimizer": {"name": "adam", "learning_rate": 0.005},
}


def train(folder: Path, data_folder: Path, epochs: int = 4, **settings) -> Run:
    """Trains on the digits to the end, in this process."""
    run = create_run(quick_config(epochs=epochs, **{**SETTINGS, **settings}), folder)
    assert work(run, data_folder)["event"] == "finished"
    return run


def copied(run: Run, runs_folder: Path, name: str = "") -> Run:
    """The same run in another folder of runs."""
    target = runs_folder / (name or run.id)
    shutil.copytree(run.folder, target)
    return Run(target)
