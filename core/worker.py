"""The process of one run: joins data, training, checkpoints and the event log.

    python -m core.worker RUN_FOLDER --data DATA_FOLDER

It is the only writer of its run folder. It needs nothing but the two folders.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.runs import events
from core.runs.events import Event, EventWriter
from core.runs.store import Run


class StopRequested(Exception):
    """The user asked this run to stop."""


def main(arguments: list[str] | None = None) -> int:
    """Trains the run in a folder. Exit status 0 when it finished or was stopped, 1 when it failed."""
    parser = argparse.ArgumentParser(prog="python -m core.worker", description=main.__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        end = work(Run(options.run.resolve()), options.data)
    except TrainDeskError as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if end["event"] == events.FAILED else 0


def work(run: Run, data_folder: Path, listen: Callable[[Event], None] = lambda event: None) -> Event:
    """Trains a run from its config to its end and returns the last event. Every event also goes to `listen`.

    Failures end as a `failed` event with one sentence; the traceback goes to standard error. Raises TrainDeskError only
    if another process is training this run.
    """
    lock = FileLock(run.worker_lock)
    try:
        lock.acquire(timeout=5)  # a page that looks whether we live holds it for a moment
    except Timeout:
        raise TrainDeskError(f"Run {run.id} is already being trained by another process.") from None
    log = EventWriter(run.event_log)

    def record(kind: str, **values: object) -> Event:
        event = log.write(kind, **values)
        listen(event)
        return event

    should_stop = _stop_watch(run)
    try:
        return record(events.FINISHED, message=_train(run, data_folder, record, should_stop))
    except StopRequested as stop:
        return record(events.STOPPED, message=str(stop))
    except Exception as error:  # whatever happens, the log says how the run ended
        if not isinstance(error, TrainDeskError):
            traceback.print_exc()
        return record(events.FAILED, message=_sentence(error))
    finally:
        log.close()
        lock.release()
        run.stop_request.unlink(missing_ok=True)


def _train(run: Run, data_folder: Path, record: Callable[..., Event], should_stop: Callable[[], bool]) -> str:
    from core.training.checkpoints import save_checkpoint  # torch: a second to import, after the lock is taken
    from core.training.loop import Epoch, Step, begin, train
    from core.training.recorder import Recorder

    config = run.config()
    device, splits = _get_ready(config, data_folder, record, should_stop)
    state = begin(config, splits, device, data_folder / "weights")
    recorder = Recorder(config, splits, state, device, record)
    epoch_start = time.monotonic()
    for happened in train(state, config, splits):
        if isinstance(happened, Step):
            recorder.step(happened)
            if config.training.shortest_epoch:
                share = state.step / recorder.steps_per_epoch - state.epoch  # of this epoch that is done
                _wait_until(epoch_start + config.training.shortest_epoch * share, should_stop)
        elif isinstance(happened, Epoch):
            recorder.flush()  # before saving: a network without finite losses must not replace the last good checkpoint
            recorder.check(happened)
            for path in [run.last, run.best] if happened.is_best else [run.last]:
                save_checkpoint(path, state, config, happened.metrics)
            recorder.epoch(happened)
            epoch_start = time.monotonic()
        if should_stop():
            recorder.flush()
            if not isinstance(happened, Epoch):
                save_checkpoint(run.last, state, config, {})
            kept = "the best and the last state are kept" if run.best.is_file() else "the last state is kept"
            raise StopRequested(f"Stopped by request at step {state.step:,} of {recorder.total_steps:,}; {kept}.")
    report = _test(run, splits.test, device, should_stop)
    record(events.TEST, **report)
    count = config.training.epochs
    return f"Trained {count} {'epoch' if count == 1 else 'epochs'}; the best was epoch {report['from_epoch']}."


def _wait_until(moment: float, should_stop: Callable[[], bool]) -> None:
    """Slow motion: waits until that moment of the monotonic clock, or until a stop is asked for."""
    while (left := moment - time.monotonic()) > 0 and not should_stop():
        time.sleep(min(left, 0.05))


def _get_ready(config, data_folder: Path, record: Callable[..., Event], should_stop: Callable[[], bool]):
    """The device and the splits on it, downloading what is missing."""
    from core.datasets.obtain import obtain
    from core.devices import choose_threads, resolve_device
    from core.training.batches import split

    device = resolve_device(config.training.device)
    choose_threads(config.training.batch_size * math.prod(config.dataset.info().shape))
    told = 0.0
    for done, total in obtain(config.dataset, data_folder):
        if should_stop():
            raise StopRequested("Stopped by request while downloading.")
        if done == total or time.monotonic() - told > 1:
            record(events.DOWNLOAD, done_bytes=done, total_bytes=total)
            told = time.monotonic()
    data = config.dataset.load(data_folder)
    return device, split(data, config.dataset, config.training.validation_share, config.training.seed, device)


def _test(run: Run, pictures, device, should_stop: Callable[[], bool]):
    """The report of the best checkpoint on the test split."""
    from core.training.scoring import evaluate_checkpoint

    measuring = evaluate_checkpoint(run.best, pictures, device, "test")
    while True:
        try:
            next(measuring)
        except StopIteration as end:
            return end.value
        if should_stop():
            raise StopRequested("Stopped by request while testing; the best and the last state are kept.")


def _stop_watch(run: Run) -> Callable[[], bool]:
    """A cheap question for every step: was a stop asked for, by the request file or by a signal?"""
    signalled = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: signalled.set())
    return lambda: signalled.is_set() or run.stop_request.exists()


def _sentence(error: Exception) -> str:
    if isinstance(error, TrainDeskError):
        return str(error)
    first_line = next(iter(str(error).strip().splitlines()), "")[:200]
    if any(words in str(error).lower() for words in ("out of memory", "can't allocate memory")) or isinstance(
        error, MemoryError
    ):
        return "There was not enough memory for these settings; choose a smaller batch size or a smaller network."
    if isinstance(error, OSError) and error.strerror:
        return (
            f"A file could not be read or written ({error.strerror}: {error.filename}); free space or check the folder."
        )
    return f"An unexpected error ended the training ({type(error).__name__}: {first_line}); the worker's log has the details."


if __name__ == "__main__":
    sys.exit(main())
