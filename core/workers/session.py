"""One session of a run's training: from its config or its last checkpoint to its end, a pause or a stop."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.run_config import RunConfig
from core.runs import events
from core.runs.companion import InStep
from core.runs.requests import Requests
from core.runs.store import Run
from core.workers.earlier import earlier_network, in_words

if TYPE_CHECKING:
    from core.machine.devices import Claim
    from core.training.batches import Pictures, Splits
    from core.training.loop import TrainingState

LONGEST_LOSS = 60.0  # seconds of training that a crash may cost, when epochs are longer
Record = Callable[..., events.Event]


class StopRequested(Exception):
    """The user asked this run to stop."""


class PauseRequested(Exception):
    """The run pauses and can go on: the user asked for it, the computer shuts down or the disk is full."""


def train_run(run: Run, data_folder: Path, record: Record, requests: Requests) -> str:
    """Trains a run to its end, going on where its last checkpoint left it, and returns one sentence about it."""
    import torch  # a second to import, after the lock is taken

    from core.machine.devices import claim
    from core.training.checkpoints import load_checkpoint
    from core.training.data import data_on_device, pixels_of_a_batch
    from core.training.event_recorder import Recorder
    from core.training.loop import begin

    config = run.config()
    last = load_checkpoint(run.last) if run.last.exists() else None
    resume = (last or {}).get("resume") or {}
    with (
        claim(config.training.device, pixels_of_a_batch(config), resume.get("threads")) as share,
        ExitStack() as ending,
    ):
        _obtain(config.dataset, data_folder, "the dataset", record, requests)
        splits, precision = data_on_device(config, data_folder, share.device, resume.get("precision"))
        weights_folder, earlier = None, None
        if last is None:
            weights_folder = data_folder / "weights"
            earlier = earlier_network(run, config)
            if earlier is None:
                _obtain(config.architecture, weights_folder, "the weights", record, requests)
        state = begin(config, splits, share.device, weights_folder, precision, earlier)
        torch.backends.cudnn.benchmark = share.device.type == "cuda"  # tries kernels for each shape, keeps the fastest
        if last is not None:
            from core.training.checkpoints import restore

            restore(state, last, run.last)
            if config.training.epochs > last["config"]["training"]["epochs"]:
                state.epochs_without_improvement = 0  # epochs were added: patience begins anew
        if config.training.tensorboard:
            record = _also_for_tensorboard(run, state, record, ending)
        recorder = Recorder(config, splits, state, share.threads, record, goes_on=last is not None)
        if earlier is not None:
            record(events.NOTICE, message=in_words(config, earlier))
        _describe(run, config)
        hopeless = _train(run, config, splits, state, share.threads, recorder, record, requests)
        torch.set_num_threads(share.threads)  # what trained may have needed fewer
        report = _test(run, splits, share, requests)
        record(events.TEST, **report)
    count, planned = state.epoch, config.training.epochs
    if hopeless:
        return f"Trained {count} of {planned} epochs, {hopeless}; the best was epoch {report['from_epoch']}."
    early = f" of {planned} (nothing better in {state.epochs_without_improvement})" if count < planned else ""
    return f"Trained {count}{early} {'epoch' if count == 1 else 'epochs'}; the best was epoch {report['from_epoch']}."


def _also_for_tensorboard(run: Run, state: TrainingState, record: Record, ending: ExitStack) -> Record:
    """Every event goes into TensorBoard's files too, those of the test at the last step."""
    from core.export.metrics import TensorBoardLog

    log = TensorBoardLog(run, purge_step=state.step + 1 if state.step else None)
    ending.callback(log.close)

    def record_both(kind: str, **values: Any) -> events.Event:
        event = record(kind, **values)
        log.take({"step": state.step, **event})
        return event

    return record_both


def _describe(run: Run, config: RunConfig) -> None:
    """Writes down what the network is made of, for people who look at the run. An architecture that cannot be walked through
    without numbers is not described."""
    from core.training.layers import described

    if run.network.exists():
        return
    info = config.dataset.info()
    with contextlib.suppress(NotImplementedError, RuntimeError, TypeError):
        content = described(config.architecture, info.shape, len(info.class_names))
        run.network.write_text(json.dumps(content), encoding="utf-8")


def _train(
    run: Run,
    config: RunConfig,
    splits: Splits,
    state: TrainingState,
    threads: int,
    recorder: Any,
    record: Record,
    requests: Requests,
) -> str:
    """Trains until the end, a pause or a stop. Returns why it ended before its last epoch as hopeless, else nothing."""
    from core.training.async_checkpoint import CheckpointWriter
    from core.training.checkpoints import is_finite, progress, snapshot
    from core.training.loop import Epoch, MicroBatchesChanged, Preparing, Step, Validated, train
    from core.training.snapshots import SnapshotRecorder

    snapshots = SnapshotRecorder(run, config, splits)
    writer = CheckpointWriter()
    in_step = InStep(run)
    epoch_start = saved = time.monotonic()
    epoch_start -= config.training.epoch_seconds * state.batch / recorder.steps_per_epoch
    told = 0.0

    def save_last(metrics: dict[str, float]) -> None:
        nonlocal saved
        writer.save(run.last, {**snapshot(state, config, metrics), **progress(state, threads)})
        saved = time.monotonic()

    def follow_learning_rate() -> bool:
        if (learning_rate := requests.learning_rate()) is None:
            return False
        state.learning_rate = learning_rate
        record(events.LEARNING_RATE, step=state.step, learning_rate=learning_rate)
        return True

    follow_learning_rate()
    with writer:  # whatever ends the training, what was to be saved is saved before the run is let go
        for happened in train(state, config, splits):
            writer.check()
            if isinstance(happened, Step):
                recorder.step(happened)
                if follow_learning_rate() or time.monotonic() - saved > LONGEST_LOSS:  # what was asked outlives a crash
                    recorder.flush()
                    if is_finite(state):
                        save_last({})
                in_step.wait(state.step / recorder.total_steps, lambda: requests.end() is not None)
                if config.training.epoch_seconds:
                    share = state.step / recorder.steps_per_epoch - state.epoch  # of this epoch that is done
                    _wait_until(epoch_start + config.training.epoch_seconds * share, requests)
            elif isinstance(happened, Validated):
                recorder.validated(happened)
            elif isinstance(happened, Epoch):
                recorder.flush()  # before saving: a network without finite losses must not replace the last good checkpoint
                recorder.check(happened)
                recorder.epoch(happened)  # too: after a crash in between it happens again, else it would be missing
                if happened.is_best:
                    writer.save(run.best, snapshot(state, config, happened.metrics))
                save_last(happened.metrics)
                snapshots.epoch(happened, state)
                epoch_start = time.monotonic()
                if config.training.prune and (why := _why_hopeless(run, config)):
                    return why
            elif isinstance(happened, Preparing):
                if happened.done == happened.images or time.monotonic() - told > 0.5:
                    record(events.PREPARING, done=happened.done, images=happened.images)
                    told = time.monotonic()
                recorder.begin_steps()
            elif isinstance(happened, MicroBatchesChanged):
                record(events.NOTICE, message=_micro_batches_changed(happened.micro_batches, config))
            if (end := requests.end()) is not None:
                recorder.flush()
                if is_finite(state) and not isinstance(happened, Preparing):
                    save_last({})
                writer.wait()
                _end(run, end, f"at step {state.step:,} of {recorder.total_steps:,}", requests)
    return ""


def _why_hopeless(run: Run, config: RunConfig) -> str:
    """Why a run of an experiment should end early, as part of a sentence; empty when it should not."""
    if not config.experiment:
        return ""
    from core.experiments.pruning import is_hopeless, others_at
    from core.runs.history import History

    own = {epoch["epoch"]: epoch["val/accuracy"] for epoch in History(run).update().epochs}
    others = others_at(run, config.experiment, run.folder.parent)
    if len(own) == config.training.epochs or not is_hopeless(own, others):
        return ""
    return f"because it did worse than half of the {len(others)} other runs of '{config.experiment}'"


def _end(run: Run, how: str, when: str, requests: Requests) -> None:
    """Ends the session by the exception that says how."""
    if how == "pause":
        why = "because its process was told to end" if requests.was_signalled else "by request"
        raise PauseRequested(f"Paused {why} {when}; it goes on from there when you resume it.")
    kept = "the best and the last state are kept" if run.best.is_file() else "the last state is kept"
    raise StopRequested(f"Stopped by request {when}" + (f"; {kept}." if run.last.is_file() else "."))


def _micro_batches_changed(micro_batches: int, config: RunConfig) -> str:
    same = "the arithmetic stays the same"
    if config.architecture.smallest_batch > 1:
        same = "the gradients add up to the same, only batch norm sees smaller groups"
    return (
        f"A batch of {config.training.batch_size:,} images does not fit into the memory, so it is computed in {micro_batches} "
        f"pieces; {same}."
    )


def _wait_until(moment: float, requests: Requests) -> None:
    """Slow motion: waits until that moment of the monotonic clock, or until an end is asked for."""
    while (left := moment - time.monotonic()) > 0 and requests.end() is None:
        time.sleep(min(left, 0.05))


def _obtain(what: Any, folder: Path, name: str, record: Record, requests: Requests) -> None:
    """Downloads what is missing of a dataset or of an architecture's weights."""
    from core.datasets import DatasetSettings
    from core.datasets.obtain import obtain

    is_dataset = isinstance(what, DatasetSettings)
    downloading: Iterator[tuple[int, int]] = obtain(what, folder) if is_dataset else what.obtain_weights(folder)
    told = 0.0
    for done, total in downloading:
        if (end := requests.end()) is not None:
            raise {"stop": StopRequested, "pause": PauseRequested}[end](
                f"{'Stopped' if end == 'stop' else 'Paused'} by request while downloading {name}."
            )
        if done == total or time.monotonic() - told > 1:
            record(events.DOWNLOAD, what=name, done_bytes=done, total_bytes=total)
            told = time.monotonic()


def _test(run: Run, splits: Splits, share: Claim, requests: Requests) -> dict[str, Any]:
    """The report of the best checkpoint on the test split; what it said of each picture of `val` and `test` is kept."""
    from core.runs.predictions import write_predictions
    from core.training.scoring import evaluate_checkpoint

    report = {}
    parts: tuple[tuple[Literal["val", "test"], Pictures], ...] = (("val", splits.val), ("test", splits.test))
    for split, pictures in parts:
        measuring = evaluate_checkpoint(run.best, pictures, share.device, split)
        while True:
            try:
                next(measuring)
            except StopIteration as end:
                report, predictions = end.value
                write_predictions(run, split, predictions)
                break
            if (end_asked := requests.end()) is not None:
                _end(run, end_asked, "while testing", requests)
    return report
