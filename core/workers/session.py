"""One session of a run's training: from its config or its last checkpoint to its end, a pause or a stop."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.files import write_atomically
from core.machine.garbage import importing_torch
from core.machine.threads import OtherLoad, ThreadsByLoad
from core.runs import events
from core.runs.brought import brought_for
from core.runs.requests import Requests
from core.runs.store import Run
from core.workers.choosing import choose, note_device, note_used
from core.workers.earlier import earlier_network, in_words
from core.workers.ending import end_session
from core.workers.short_memory import fewer_in_words

if TYPE_CHECKING:
    from core.machine.devices import Claim
    from core.machine.ranks import Ranks
    from core.training.batches import Pictures, Splits
    from core.training.halving import Fit
    from core.training.loop import TrainingState


class TrainingSession:
    """What a worker does with a run: gets what it needs, trains it, stores what happened, tests it at the end."""

    def __init__(
        self,
        run: Run,
        data_folder: Path,
        record: events.Record,
        requests: Requests,
        ranks: Ranks | None = None,
        given: Sequence[str] = (),
    ):
        """`record` writes an event; `requests` says what people ask for meanwhile; `ranks` take part; `given` are the devices
        that were chosen for it (see `claim`). Raises SettingsError."""
        self._run, self._data_folder, self._record, self._requests = run, data_folder, record, requests
        self._ranks, self._given = ranks, list(given)
        self._config = run.config()
        self._why = ""  # it computes the way it does
        self._load = OtherLoad()  # looked at until the first step, for how many threads there is room

    def train(self) -> str:
        """Trains the run to its end, going on where its last checkpoint left it, and returns one sentence about it.

        Raises StopRequested, PauseRequested, TrainDeskError, OSError and what torch raises.
        """
        with importing_torch():
            import torch  # a second to import, after the lock is taken

            from core.machine.devices import claim
            from core.machine.memory import release
            from core.training.checkpoints import load_checkpoint
            from core.training.data import pixels_of_a_batch
            from core.training.device_choice import gpu_memory
            from core.training.halving import Fit
            from core.workers.loop_follower import LoopFollower

        run, config = self._run, self._config
        last = load_checkpoint(run.last) if run.last.exists() else None
        fit = Fit()
        threads = ((last or {}).get("resume") or {}).get("threads")
        training, pixels = config.training, pixels_of_a_batch(config)
        device, chosen = choose(run, config, self._given, goes_on=last is not None)
        with claim(device, pixels, threads, training.devices, self._given) as share, ExitStack() as ending:
            note_device(run, config, share.devices, share.uuids)
            splits, state, earlier = self.begin(share, last, (last or {}).get("resume"))
            before = last["config"]["training"] if last is not None else None
            if config.training.tensorboard:
                self._record = self._also_for_tensorboard(state, ending)
            ranks, notice = self._join(share, splits, state, goes_on=last is not None)
            is_fixed = training.repeatable or share.device.type != "cpu" or ranks is not None
            threads_by_load = ThreadsByLoad(self._load, share.threads, share.threads_alone, is_fixed)
            follower = LoopFollower(run, splits, state, threads_by_load, self._record, self._requests, ranks, fit)
            follower.recorder.started(config.dataset.info().class_names, share.threads, last is not None, self._why)
            if before and before["batch_size"] != training.batch_size:
                self._record(events.NOTICE, message=_other_batches(before["batch_size"], training.batch_size, state))
            if earlier is not None:
                self._record(events.NOTICE, message=in_words(config, earlier))
            for sentence in filter(None, (chosen, share.notice, notice)):
                self._record(events.NOTICE, message=sentence)
            self._describe()
            last = earlier = None
            hopeless = follower.train()
            if ranks is not None:
                ranks.release()
            torch.set_num_threads(share.threads)  # what trained may have needed fewer
            count, waited = state.epoch, state.epochs_without_improvement
            del follower, state  # the test needs the memory of a network alone
            if share.device.type != "cpu":
                release(share.device)
            report = self._test(splits, share, fit)
            self._record(events.TEST, **report)
            note_used(run, config, gpu_memory(share.device))
        planned = config.training.epochs
        if hopeless:
            return f"Trained {count} of {planned} epochs, {hopeless}; the best was epoch {report['from_epoch']}."
        early = f" of {planned} (nothing better in {waited})" if count < planned else ""
        return (
            f"Trained {count}{early} {'epoch' if count == 1 else 'epochs'}; the best was epoch {report['from_epoch']}."
        )

    def _join(self, share: Claim, splits: Splits, state: TrainingState, goes_on: bool) -> tuple[Ranks | None, str]:
        """The ranks that take part from now on, and what people should know of that; none where they would only wait."""
        from core.training.frozen import layers_to_skip
        from core.training.precision import Way

        if (ranks := self._ranks) is None:
            return None, ""
        if layers_to_skip(state.model, self._config.augmentation, splits, state.precision) is not None:
            ranks.command(None)
            return (
                None,
                "Only the layers behind the frozen ones train, on features: one device is used, the others would wait.",
            )
        way = Way(state.precision, state.layout)
        how = {"device": share.device.type, "precision": way.precision_name, "layout": way.layout_name}
        ranks.command({"devices": share.devices, "threads": share.threads, "how": how, "goes_on": goes_on})
        ranks.connect(share.device)
        return ranks, f"Every batch is shared out over {ranks.size} devices: {', '.join(share.devices)}."

    def begin(
        self, share: Claim, last: dict[str, Any] | None, before: dict[str, Any] | None
    ) -> tuple[Splits, TrainingState, dict[str, Any] | None]:
        """The pictures, the state to train from, and the checkpoint of an earlier run that a new one starts from. `before` says
        how it computed so far, or how the other ranks do."""
        from core.training.build import begin
        from core.training.checkpoints import restore
        from core.training.data import data_on_device
        from core.training.precision import set_up

        config, weights_folder, earlier = self._config, None, None
        brought = brought_for(self._run.folder)
        if brought.folder("decoded", self._data_folder) is None:
            self._obtain(config.dataset, self._data_folder, "the dataset")
        set_up(share.device, config.training.precision, config.training.repeatable)
        splits, choice = data_on_device(config, self._data_folder, share.device, before, brought)
        self._why = choice.why
        if last is None:
            weights_folder = self._data_folder / "weights"
            earlier = earlier_network(self._run, config, brought.folder("earlier", self._data_folder))
            if earlier is None:
                self._obtain(config.architecture, weights_folder, "the weights")
        state = begin(config, splits, share.device, weights_folder, choice.way.precision, earlier)
        if last is not None:
            restore(state, last, self._run.last, config.training.batch_size)
            if config.training.epochs > last["config"]["training"]["epochs"]:
                state.epochs_without_improvement = 0  # epochs were added: patience begins anew
        return splits, state, earlier

    def _also_for_tensorboard(self, state: TrainingState, ending: ExitStack) -> events.Record:
        """Every event goes into TensorBoard's files too, those of the test at the last step."""
        from core.export.metrics import TensorBoardLog

        record, step = self._record, state.step
        log = TensorBoardLog(self._run, purge_step=step + 1 if step else None)
        ending.callback(log.close)

        def record_both(kind: str, **values: Any) -> events.Event:
            nonlocal step
            event = record(kind, **values)
            step = event.get("step", step)
            log.take({"step": step, **event})
            return event

        return record_both

    def _describe(self) -> None:
        """Writes down what the network is made of, for people who look at the run. An architecture that cannot be walked
        through without numbers is not described."""
        from core.training.layers import described

        if self._run.network.exists():
            return
        info = self._config.dataset.info()
        with contextlib.suppress(NotImplementedError, RuntimeError, TypeError):
            content = described(self._config.architecture, info.shape, len(info.class_names))
            write_atomically(self._run.network, json.dumps(content).encode())

    def _obtain(self, what: Any, folder: Path, name: str) -> None:
        """Downloads what is missing of a dataset or of an architecture's weights."""
        from core.datasets import DatasetSettings
        from core.datasets.obtain import obtain

        is_dataset = isinstance(what, DatasetSettings)
        downloading: Iterator[tuple[int, int]] = obtain(what, folder) if is_dataset else what.obtain_weights(folder)
        told = 0.0
        for done, total in downloading:
            if (end := self._requests.end()) is not None:
                end_session(self._run, end, f"while downloading {name}", self._requests)
            if done == total or time.monotonic() - told > 1:
                self._record(events.DOWNLOAD, what=name, done_bytes=done, total_bytes=total)
                told = time.monotonic()

    def _test(self, splits: Splits, share: Claim, fit: Fit) -> dict[str, Any]:
        """The report of the best checkpoint on the test split; what it said of each image of `val` and `test` is kept."""
        from core.runs.predictions import write_predictions
        from core.training.evaluation import drained
        from core.training.halving import FewerAtOnce
        from core.training.scoring import evaluate_checkpoint

        def follow(happened: object) -> None:
            if isinstance(happened, FewerAtOnce):
                self._record(events.NOTICE, message=fewer_in_words(happened.images))
            if (end := self._requests.end()) is not None:
                end_session(self._run, end, "while testing", self._requests)

        report: dict[str, Any] = {}
        parts: tuple[tuple[Literal["val", "test"], Pictures], ...] = (("val", splits.val), ("test", splits.test))
        for split, pictures in parts:
            measuring = evaluate_checkpoint(self._run.best, pictures, share.device, split, fit)
            report, predictions = drained(measuring, follow)
            write_predictions(self._run, split, predictions)
        return report


def _other_batches(before: int, now: int, state: TrainingState) -> str:
    return (
        f"From step {state.step:,} on a batch has {now:,} images instead of {before:,}; the learning rate stays "
        f"{state.learning_rate:g}, although batches of another size may need another one."
    )
