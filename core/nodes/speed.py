"""How fast a computer trains a small network, measured once in a process of its own and kept in its runs folder.

    python -m core.nodes.speed

measures it: epochs a second of a small network on the digits.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.machine.questions import Question
from core.runs.workspace import NAME, workspace_folder
from core.settings.stored import read_stored, write_stored

FILE = "speed.json"
SECONDS = 1.5  # of training that are measured
LONGEST = 120.0  # seconds that it may take, most of them to import torch
STAYS = 30 * 24 * 3600.0  # seconds until it is measured again
OFF = "TRAINDESK_SPEED"  # 0: it is not measured


@dataclass(frozen=True)
class Speed:
    """What the file holds."""

    epochs: float = 0.0  # a second; 0: not measured
    when: float = 0.0  # Unix seconds


def own_speed(runs_folder: Path) -> float:
    """Epochs a second of this computer; 0 while it is not measured. Never raises."""
    return read_stored(Speed, runs_folder / NAME / FILE).epochs


def measure_speed(runs_folder: Path) -> None:
    """Measures it, unless that was done; takes some seconds. Where it cannot be measured, it stays unknown."""
    known = read_stored(Speed, runs_folder / NAME / FILE)
    if os.environ.get(OFF) == "0" or known.epochs and time.time() - known.when < STAYS:
        return
    with contextlib.suppress(OSError, TrainDeskError):
        with Question(lambda _: ["core.nodes.speed"]) as asked:
            said = asked.answer(LONGEST) or {}
        if isinstance(epochs := said.get("epochs"), int | float) and epochs > 0:
            write_stored(workspace_folder(runs_folder) / FILE, Speed(float(epochs), time.time()), sync=False)


def relative_speed(runs_folder: Path, epochs: Any) -> float:
    """How many times as fast as this computer one is that trains so many epochs a second; 0: not known."""
    own = own_speed(runs_folder)
    is_number = isinstance(epochs, int | float) and not isinstance(epochs, bool)
    return epochs / own if own and is_number and 0 < epochs < 1e12 else 0.0


def main() -> int:
    """Prints it as JSON."""
    from core.machine.cores import unnoticed
    from core.paths import data_folder
    from core.run_config import RunConfig
    from core.training.forecast import forecast

    config = RunConfig.from_dict(
        {
            "dataset": {"name": "digits"},
            "architecture": {"name": "simple_cnn", "channels": [16, 32], "hidden": [64]},
            "training": {"batch_size": 128, "validation_share": 0.2},
        }
    )
    with unnoticed():
        print(json.dumps({"epochs": 1 / forecast(config, data_folder(), SECONDS).seconds_per_epoch}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
