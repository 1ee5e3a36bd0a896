"""A run on several devices at once: torchrun starts a process for each (`core.machine.ranks`), of which the first is the run's
worker and the others take part in its steps.

Whoever starts `python -m core.workers.worker` for such a run starts torchrun by that: it waits for all of them, and when one dies
it ends the others. They speak over the loopback alone, and what they must agree on before lies in a folder of files.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.machine.cores import computing_cores
from core.machine.devices import problem_of_devices
from core.machine.processes import name_process
from core.machine.questions import temporary_folder
from core.machine.ranks import AGENT, FOLDER, Ranks
from core.runs import events
from core.runs.events import Event, last_event
from core.runs.requests import End, Requests
from core.runs.store import Run
from core.workers.session import TrainingSession

LOOK_SECONDS = 0.1  # between two looks into the log for who listens


def devices_of(run: Run) -> int:
    """On how many devices at once a run is to be computed; 1 where its config cannot be read or this computer has fewer, which
    its worker says in a sentence."""
    with contextlib.suppress(TrainDeskError):
        training = run.config().training
        if not problem_of_devices(training.device, training.devices):
            return training.devices
    return 1


def train_in_ranks(run: Run, data_folder: Path, devices: int) -> int:
    """Trains the run in so many processes and returns when all have ended. Exit status 0 when all ended well."""
    # without this torchrun would have every process believe in one core
    os.environ.setdefault("OMP_NUM_THREADS", str(computing_cores()))
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # it would listen to everyone, and nobody needs it

    from torch.distributed.run import main

    with temporary_folder() as folder:
        (folder / AGENT).touch()
        name_process(folder / AGENT, os.getpid())
        os.environ[FOLDER] = str(folder)
        words = [
            *("--nnodes=1", f"--nproc-per-node={devices}", "--max-restarts=0", "--local-addr=127.0.0.1"),
            *("--rdzv-backend=c10d", "--rdzv-conf=store_type=file", f"--rdzv-endpoint={folder / 'rendezvous'}"),
            *(f"--rdzv-id={run.id}", "-m", "core.workers.worker", str(run.folder), "--data", str(data_folder)),
        ]
        try:
            main(words)
        except Exception as error:  # one of torchrun's own, which shows a table of processes
            print(f"Not all processes of run {run.id} ended well ({type(error).__name__}).", file=sys.stderr)
            return 1
        finally:
            del os.environ[FOLDER]
    return 0


def work_in_ranks(run: Run, data_folder: Path, devices: int, listen: Callable[[Event], None]) -> Event:
    """`core.workers.worker.work` on several devices. Raises TrainDeskError when the processes died without a word."""
    offset = run.event_log.stat().st_size if run.event_log.exists() else 0
    before, over = offset, threading.Event()

    def follow() -> None:
        nonlocal offset
        while True:
            is_last = over.wait(LOOK_SECONDS)
            if run.event_log.exists():
                found, offset = run.events(offset)
                for event in found:
                    listen(event)
            if is_last:
                return

    following = threading.Thread(target=follow, name="follows the log", daemon=True)
    following.start()
    try:
        train_in_ranks(run, data_folder, devices)
    finally:
        over.set()
        following.join()
    end = last_event(run.event_log)
    if end is None or offset == before or end["event"] not in events.ENDS:
        raise TrainDeskError(f"The processes that trained run {run.id} ended without a word; resume it.")
    return end


class NobodyAsks(Requests):
    """What a rank hears of people: nothing, as rank 0 hears it for all."""

    def __init__(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):  # a pause, of which rank 0 is told too
            signal.signal(number, signal.SIG_IGN)

    def end(self) -> End | None:
        """Never one: rank 0 hears of it."""
        return None


def take_part(run: Run, data_folder: Path, ranks: Ranks) -> int:
    """Computes a rank's rows of every batch of the run until it ends. Returns the exit status."""
    ranks.watch(lambda sentence: None)
    requests = NobodyAsks()
    try:
        if (orders := ranks.orders()) is not None:
            for _ in _training(run, data_folder, ranks, orders, requests):
                pass
        ranks.release()
        return 0
    except Exception as error:
        from core.workers.worker import LOST_SECONDS, in_a_sentence, remedy_of

        if not ranks.is_led(LOST_SECONDS):  # a pause, or whatever else: it has said so
            return 0

        if not isinstance(error, TrainDeskError):
            traceback.print_exc()
        ranks.say_why(in_a_sentence(error, run), remedy_of(error, run))
        return 1


def _training(
    run: Run, data_folder: Path, ranks: Ranks, orders: dict[str, Any], requests: Requests
) -> Iterator[object]:
    import torch

    from core.machine.devices import Claim
    from core.training.build import setup_of
    from core.training.checkpoints import load_checkpoint
    from core.training.loop import train

    config, last = run.config(), load_checkpoint(run.last) if orders["goes_on"] else None
    torch.set_num_threads(orders["threads"])
    share = Claim(torch.device(orders["devices"][ranks.rank]), orders["threads"])
    session = TrainingSession(run, data_folder, lambda kind, **values: {}, requests)
    splits, state, _ = session.begin(share, last, orders["how"])
    ranks.connect(share.device)
    yield from train(state, setup_of(config), splits, ranks=ranks)
