"""What a worker does with all that the training loop says: writes it down, keeps checkpoints and snapshots, asks people."""

from __future__ import annotations

import time

from core.experiments.pruning import as_far, is_hopeless, others_at
from core.machine.ranks import Ranks
from core.machine.threads import ThreadsByLoad
from core.runs import events
from core.runs.companion import InStep
from core.runs.history import History
from core.runs.playback import Playback
from core.runs.requests import End, Requests
from core.runs.snapshots import SnapshotStore
from core.runs.store import Run
from core.training.async_checkpoint import CheckpointWriter
from core.training.batches import Splits
from core.training.build import description_of, setup_of
from core.training.checkpoints import is_finite, network_content, resume_content
from core.training.event_recorder import Recorder
from core.training.features import Preparing
from core.training.frozen import TooManyFeatures
from core.training.gradients import MicroBatchesChanged
from core.training.halving import FewerAtOnce, Fit
from core.training.loop import Epoch, Happened, Step, TrainingState, Validated, train
from core.training.snapshots import SnapshotRecorder
from core.training.step import NotRecorded
from core.workers.ending import end_session
from core.workers.playback import PlaybackClock
from core.workers.short_memory import fewer_in_words

LONGEST_LOSS = 60.0  # seconds of training that a crash may cost, when epochs are longer
WITHOUT_FEATURES = (
    "There is no room for what the frozen layers make of all pictures, so the pictures go through them in every epoch; "
    "that takes longer and gives the same."
)


class LoopFollower:
    """Follows the loop: records what happened, keeps checkpoints and snapshots, and does what people ask for."""

    def __init__(
        self,
        run: Run,
        splits: Splits,
        state: TrainingState,
        threads: ThreadsByLoad,
        record: events.Record,
        requests: Requests,
        ranks: Ranks | None = None,
        fit: Fit | None = None,
    ):
        self._run, self._config = run, run.config()
        self._splits, self._state, self._threads = splits, state, threads
        self._record, self._requests, self._ranks, self._fit = record, requests, ranks, fit
        training = self._config.training
        self.recorder = Recorder(training, splits, state, record)
        self._described = description_of(self._config)
        self._snapshots = SnapshotRecorder(SnapshotStore(run), training.epochs, splits.val)
        self._in_step = InStep(run)
        seconds, share = self._config.training.epoch_seconds, state.batch / self.recorder.steps_per_epoch
        self._clock = PlaybackClock(requests, seconds, share, self._record_playback, self._waited)
        self._told = 0.0  # when something was last said of the frozen layers

    def train(self) -> str:
        """Trains until the end, a pause or a stop. Returns why it ended before its last epoch as hopeless, else nothing."""
        self._saved = time.monotonic()
        self._follow_learning_rate()
        self._follow_load()
        # However it ends, what was to be saved is saved before the run is let go.
        with CheckpointWriter() as self._writer:
            probe, setup = self._snapshots.probe, setup_of(self._config)
            for happened in train(self._state, setup, self._splits, probe, self._ranks, self._fit):
                if (end := self._requests.end()) == "gone":  # before anything is written to where it was
                    self._end_early(end, happened)
                self._writer.check()
                if why := self._take(happened):
                    return why
                if (end := self._requests.end()) is not None:
                    self._end_early(end, happened)
        return ""

    def _take(self, happened: Happened) -> str:
        """Stores what happened. Returns why the run should end early, else nothing."""
        match happened:
            case Step():
                self._take_step(happened)
            case Validated():
                self.recorder.validated(happened)
            case Epoch():
                return self._take_epoch(happened)
            case Preparing(done, images):
                if done == images or time.monotonic() - self._told > 0.5:
                    self._record(events.PREPARING, done=done, images=images)
                    self._told = time.monotonic()
                self.recorder.begin_steps()
            case TooManyFeatures():
                self._record(events.NOTICE, message=WITHOUT_FEATURES)
            case FewerAtOnce(images):
                self._record(events.NOTICE, message=fewer_in_words(images))
            case MicroBatchesChanged(micro_batches):
                self._record(events.NOTICE, message=self._micro_batches_in_words(micro_batches))
            case NotRecorded(why):
                self._record(events.NOTICE, message=_unrecorded_in_words(why))
        return ""

    def _take_step(self, step: Step) -> None:
        state, recorder = self._state, self.recorder
        recorder.step(step)
        self._follow_load()
        overdue = time.monotonic() - self._saved > LONGEST_LOSS
        if self._follow_learning_rate() or overdue:  # what was asked outlives a crash
            self._flush_and_save()
        self._in_step.wait(state.step / recorder.total_steps, lambda: self._requests.end() is not None)
        # at the end of an epoch it is validated before anyone looks
        self._wait_between(may_hold=state.batch < recorder.steps_per_epoch)

    def _take_epoch(self, epoch: Epoch) -> str:
        self.recorder.flush()  # before saving: a network without finite losses must not replace the last good checkpoint
        self.recorder.check(epoch, is_finite(self._state))
        self.recorder.epoch(epoch)  # too: after a crash in between it happens again, else it would be missing
        if epoch.is_best:
            self._writer.save(self._run.best, network_content(self._state, self._described, epoch.metrics))
        self._save_last(epoch.metrics)
        if self._config.training.keeps(epoch.epoch):
            self._writer.wait()  # one of them at a time: many small epochs would fill the memory with what is to be written
            self._run.kept.mkdir(exist_ok=True)
            kept = self._run.kept / f"{epoch.epoch:06d}.pt"
            self._writer.save(kept, network_content(self._state, self._described, epoch.metrics))
        self._snapshots.epoch(epoch, self._state)
        self._clock.epoch_begins()
        if self._config.training.prune and (why := self._why_hopeless()):
            return why
        self._wait_between(may_hold=self._state.epoch < self._config.training.epochs)
        return ""

    def _wait_between(self, may_hold: bool) -> None:
        state = self._state
        share = state.batch / self.recorder.steps_per_epoch
        self._clock.wait(state.step, share, may_hold, self._while_held)

    def _while_held(self) -> None:
        """Who looks sees all that was done, and a learning rate counts from the next step on."""
        self.recorder.flush()
        if self._follow_learning_rate():
            self._flush_and_save()

    def _flush_and_save(self) -> None:
        self.recorder.flush()
        if is_finite(self._state):
            self._save_last({})

    def _record_playback(self, playback: Playback) -> None:
        self.recorder.flush()
        by_step = playback.until is not None
        self._record(events.PLAYBACK, step=self._state.step, epoch_seconds=playback.epoch_seconds, by_step=by_step)

    def _waited(self, seconds: float) -> None:
        """For people, between two steps."""
        self.recorder.waited(seconds)
        self._record(events.WAITED, step=self._state.step, seconds=round(seconds, 3))

    def _save_last(self, metrics: dict[str, float]) -> None:
        content = network_content(self._state, self._described, metrics) | resume_content(
            self._state, self._threads.given
        )
        self._writer.save(self._run.last, content)
        self._saved = time.monotonic()

    def _follow_load(self) -> None:
        if notice := self._threads.follow():
            self._record(events.NOTICE, message=notice)

    def _follow_learning_rate(self) -> bool:
        """Whether someone asked for another one, which is taken."""
        if (learning_rate := self._requests.learning_rate()) is None:
            return False
        self._state.learning_rate = learning_rate
        self._record(events.LEARNING_RATE, step=self._state.step, learning_rate=learning_rate)
        return True

    def _end_early(self, how: End, happened: Happened) -> None:
        self.recorder.flush()
        if how != "gone":
            if is_finite(self._state) and not isinstance(happened, Preparing):
                self._save_last({})
            self._writer.wait()
        end_session(self._run, how, f"at step {self._state.step:,} of {self.recorder.total_steps:,}", self._requests)

    def _why_hopeless(self) -> str:
        """Why a run of an experiment should end early, as part of a sentence; empty when it should not."""
        experiment = self._config.experiment
        if not experiment:
            return ""
        own = {epoch["epoch"]: epoch["val/accuracy"] for epoch in History(self._run).update().epochs}
        others = others_at(self._run, experiment, self._run.folder.parent)
        if len(own) == self._config.training.epochs or not is_hopeless(own, others):
            return ""
        return f"because it did worse than half of the {len(as_far(own, others))} other runs of '{experiment}' that came as far"

    def _micro_batches_in_words(self, micro_batches: int) -> str:
        same = "the arithmetic stays the same"
        if self._config.architecture.smallest_batch > 1:
            same = "the gradients add up to the same, only batch norm sees smaller groups"
        return (
            f"A batch of {self._config.training.batch_size:,} images does not fit into the memory, so it is computed in "
            f"{micro_batches} pieces; {same}."
        )


def _unrecorded_in_words(why: str) -> str:
    return (
        f"Steps are handed to the GPU one operation at a time, which is slower for a small network, because {why}; "
        "what is learned is the same."
    )
