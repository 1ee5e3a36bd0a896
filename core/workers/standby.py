"""The process that waits for a run with everything imported and two small trainings behind it.

    python -m core.workers.standby

It says `ready`, then reads one line {"run": FOLDER, "data": FOLDER}, says `taken` and is that run's worker from then on,
as if started by `python -m core.workers.worker`. If its input ends before, so does it. From the order to the first step it needs
hundredths of a second instead of seconds: importing torch takes one, the first step with its optimizer another.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

from core.machine.cores import unnoticed
from core.machine.garbage import importing_torch
from core.machine.posix import read_input
from core.machine.questions import temporary_folder
from core.machine.torch_devices import ensure_report
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.events import FINISHED
from core.runs.store import Run, create_run
from core.workers import worker
from core.workers.standby_handle import READY, TAKEN

PRACTICE = (  # between them they use all that a first step imports and sets up; on the CPU, as whoever waits holds no GPU
    {
        "architecture": {"name": "simple_cnn", "channels": [8, 8], "hidden": [16]},
        "augmentation": {"shift": 0.1},
        "optimizer": "adam",
    },
    {"architecture": {"name": "mlp", "hidden": [256]}, "loss": "nll", "optimizer": "sgd"},
)


class Order:
    """The one line of standard input, read beside everything else so that an order or the end is seen early."""

    def __init__(self) -> None:
        self.came = threading.Event()  # also at the end of the input
        self.run: Run | None = None
        self.data_folder = Path()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # half a line is none
            line = b""
            while not line.endswith(b"\n") and (more := read_input()):
                line += more
            order = json.loads(line)
            self.data_folder = Path(order["data"])
            self.run = Run(Path(order["run"]))
        self.came.set()


def main() -> int:
    """Waits for a run and trains it. Returns the worker's exit status, or 0 without a run."""
    said = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print is not said to the dashboard
    order = Order()
    import_everything()
    for settings in PRACTICE:
        if not order.came.is_set():  # someone waits already: the run itself is practice enough
            practise(settings)
    _say(said, READY)
    threading.Thread(target=ensure_report, daemon=True).start()
    order.came.wait()
    if order.run is None:
        return 0
    with open(os.devnull, "rb") as nothing, order.run.worker_log.open("ab") as log:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    _say(said, TAKEN)
    said.close()
    return worker.main([str(order.run.folder), "--data", str(order.data_folder)])


def import_everything() -> None:
    """What every worker imports, and torchvision, which reads datasets that are used for the first time; and all machine code,
    which takes two tenths of a second."""
    with importing_torch():
        import torchvision.datasets  # noqa: F401

        import core.training.scoring
        import core.workers.loop_follower  # noqa: F401
    from core.training.kernels import FAMILIES, kernels

    for family in FAMILIES:
        kernels(family)


def practise(settings: dict) -> bool:
    """Trains one epoch on the digits in a folder that is deleted again, and says whether that went well.

    Leaves no trace that a run could feel: random state, threads and signals are as in a fresh process afterwards, and no
    other run sees it as one that trains.
    """
    import torch

    random, threads = torch.get_rng_state(), torch.get_num_threads()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with temporary_folder() as folder, unnoticed():
            training = {"epochs": 1, "batch_size": 256, "device": "cpu"}
            config = RunConfig.from_dict({**settings, "dataset": "digits", "training": training})
            return worker.work(create_run(config, folder), data_folder())["event"] == FINISHED
    except Exception:  # a run that meets the same says it in its own words
        return False
    finally:
        torch.set_rng_state(random)
        torch.set_num_threads(threads)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _say(said, word: bytes) -> None:
    with contextlib.suppress(OSError):  # the dashboard is gone; its run goes on without it
        said.write(word + b"\n")


if __name__ == "__main__":
    sys.exit(main())
