"""What happened in a run, gathered from its event log and brought up to date by reading only the new lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.runs import events
from core.runs.curve import VALIDATION_COLUMNS, StepCurve
from core.runs.events import Event, complete_lines, events_in
from core.runs.fast_log import AT_ONCE, LARGE, pieces
from core.runs.store import Run

_GATHERED = {
    events.EPOCH: "epochs",
    events.NOTICE: "notices",
    events.LEARNING_RATE: "learning_rates",
    events.PLAYBACK: "playbacks",
    events.WAITED: "waits",
}
_PAST = (
    "started",
    "curve",
    "validations",
    "epochs",
    "learning_rates",
    "playbacks",
    "waits",
    "trained_seconds",
    "sessions",
)
NEEDED = {  # beside the time: an event without one of these says nothing
    events.STARTED: ("epochs", "total_steps"),
    events.STEP: ("step",),
    events.VALIDATION: ("step",),
    events.EPOCH: ("epoch", "step"),
    events.RESUMED: ("epoch", "step", "epochs", "total_steps"),
    events.LEARNING_RATE: ("step", "learning_rate"),
    events.PLAYBACK: ("step", "epoch_seconds", "by_step"),
    events.WAITED: ("seconds",),
}


@dataclass(frozen=True)
class Session:
    """A stretch of training without a pause."""

    step: int  # done before it
    epoch: int  # completed before it
    time: float  # Unix seconds when it began
    trained: float  # seconds of training before it
    planned: int = 0  # epochs, as was meant then
    per_epoch: int = 0  # steps of an epoch; another batch size makes them more or fewer


@dataclass
class History:
    """Curves and results of one run. `update` reads on; everything else is plain data."""

    run: Run
    offset: int = 0
    started: Event | None = None
    download: Event | None = None
    preparing: Event | None = None
    test: Event | None = None  # stands until another one replaces it, or the network that it is about
    end: Event | None = None
    curve: StepCurve = field(default_factory=StepCurve)
    validations: StepCurve = field(default_factory=lambda: StepCurve(VALIDATION_COLUMNS))  # within epochs
    epochs: list[Event] = field(default_factory=list)
    notices: list[Event] = field(default_factory=list)  # what a person should know, `message`
    learning_rates: list[Event] = field(default_factory=list)  # changes while it ran
    playbacks: list[Event] = field(default_factory=list)  # changes of slow motion and of single steps
    waits: list[Event] = field(default_factory=list)  # for people, step by step: when each was over
    trained_seconds: float = 0.0  # before the last pause or interruption
    sessions: list[Session] = field(default_factory=list)
    session: Event | None = None  # the `started` or `resumed` event of the process at work
    # Unix seconds of the last that was heard, by the clock of who wrote it
    told: float = field(default=0.0, compare=False)
    tested: Event | None = None  # the test, if it is of the process at work or that worked last
    set_aside: dict[str, Any] = field(
        default_factory=dict
    )  # what a run that begins anew had before, until its first step
    is_damaged: bool = False  # some event lacked what it needs and was passed over

    def update(self) -> History:
        """Reads the lines that are new and returns itself. Raises OSError when the log cannot be read."""
        while data := complete_lines(self.run.event_log, self.offset, AT_ONCE):
            self._read(data)
        return self

    def _read(self, data: bytes) -> None:
        self.offset += len(data)
        for piece in (pieces(data) if len(data) > LARGE else None) or events_in(data):
            if isinstance(piece, dict):
                if all(name in piece for name in ("time", *NEEDED.get(piece["event"], ()))):
                    self._take(piece)
                else:
                    self.is_damaged = True
            else:
                self.set_aside = {}
                self.told = float(piece.columns["time"][-1])
                (self.curve if piece.kind == events.STEP else self.validations).extend(piece.columns)

    @property
    def steps(self) -> list[int]:
        """Numbers of the recorded steps, rising."""
        return self.curve.column("step").astype(int).tolist()

    @property
    def losses(self) -> list[float | None]:
        """train/loss, one for each entry of `steps`."""
        return [None if math.isnan(loss) else loss for loss in self.curve.column("train/loss").tolist()]

    @property
    def last_step(self) -> Event | None:
        """The newest recorded step: `step`, `epoch`, `time` and its metrics, None where a number is missing."""
        return self.curve.last()

    def best_epoch(self) -> Event | None:
        """The last epoch that was the best so far."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.get("best")), None)

    def outdated_test(self) -> int | None:
        """The epoch whose network was tested, where that of another epoch is the best now; else None."""
        best, tested = self.best_epoch(), (self.test or {}).get("from_epoch")
        return tested if best and tested and best["epoch"] != tested else None

    def within_epochs(self, name: str, of_all: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Steps, Unix times and values, (N,) each, of a metric's validations within epochs.

        Those that measured all validation images, as the ends of epochs do, or those that measured a part of them.
        """
        names = ("step", "time", name, "images")
        columns = [self.validations.column(each) for each in names]
        rows = min(map(len, columns))  # another thread may be reading on
        step, time, value, images = (column[:rows] for column in columns)
        chosen = (images == (self.started or {}).get("val_images")) == of_all
        return step[chosen], time[chosen], value[chosen]

    def progress(self) -> float:
        """Share of all steps done, 0..1."""
        total = (self.started or {}).get("total_steps", 0)
        return min(1.0, self.last_step["step"] / total) if self.last_step and total else 0.0

    def seconds_left(self) -> float | None:
        """Until the last epoch ends, at the speed since the start, the last pause or change of speed; None when none is known."""
        total = (self.started or {}).get("total_steps")
        if not (total and self.last_step) or self.end or (speed := self._steps_per_second()) is None:
            return None
        left = total - self.last_step["step"]
        return left / speed if left > 0 else None

    def elapsed(self, now: float | None = None) -> float | None:
        """Seconds of training from the first step's start to the last thing that happened, or to `now`; pauses left out, and
        what it waited for people.

        `now` is by the clock of the log, see `told`.
        """
        if not self.session:
            return self.trained_seconds or None
        latest, began = self._latest(), self.session["time"]
        if not latest and not self.trained_seconds:
            return None
        until = latest["time"] if latest else began
        if now is not None and not self.end and not self.is_by_step:
            until = max(until, now)
        passed = until - began
        if passed < 0:  # in logs of before times were steady: the clock was set back
            done = self.session.get("epoch", 0)
            passed = sum(epoch.get("seconds", 0.0) for epoch in self.epochs if epoch["epoch"] > done)
        return self.trained_seconds + max(0.0, passed - float(self._waited(began, until)))

    def _latest(self) -> Mapping[str, Any] | None:
        """The last that happened since the session began."""
        step = self.last_step
        is_new = step is not None and step["step"] > (self.session or {}).get("step", 0)
        return self.end or self.tested or (step if is_new else None)

    def trained_at(self, step: np.ndarray, time: np.ndarray) -> np.ndarray:
        """Seconds of training, pauses left out as in `elapsed`, at steps (N,) that were done at these Unix times (N,)."""
        begins = np.array([session.step for session in self.sessions])
        # the step after which a session begins is of the one before
        which = np.searchsorted(begins, step, side="left") - 1
        which = np.clip(which, 0, len(begins) - 1)
        start = np.array([session.time for session in self.sessions])[which]
        before = np.array([session.trained for session in self.sessions])[which]
        return before + np.maximum(0.0, time - start - self._waited(start, time))

    def _waited(self, since: float | np.ndarray, until: float | np.ndarray) -> np.ndarray:
        """Seconds that it waited for people, from these Unix times to those, (N,) or () each."""
        ends = np.array([wait["time"] for wait in self.waits])
        sums = np.concatenate([[0.0], np.cumsum([wait["seconds"] for wait in self.waits])])
        after, before = (np.searchsorted(ends, times, side="right") for times in (until, since))
        return np.maximum(0.0, sums[after] - sums[before])

    @property
    def is_by_step(self) -> bool:
        """Whether the process at work waits after each step until someone asks for the next."""
        return bool(self._pace.get("by_step"))

    @property
    def _pace(self) -> Event:
        """The `playback` that counts, or what began the session; {} without one."""
        known = [*self.playbacks[-1:], self.session or {}]  # of the same millisecond the first
        return max(known, key=lambda event: event.get("time", 0.0))

    def images_per_second(self) -> float | None:
        """Average since the start or the last pause: that of single steps jumps too much to be read."""
        per_epoch, trained_on = ((self.started or {}).get(name) for name in ("steps_per_epoch", "train_images"))
        if not (per_epoch and trained_on) or (speed := self._steps_per_second()) is None:
            return None
        return speed / per_epoch * trained_on

    def _steps_per_second(self) -> float | None:
        """Since the start, the last pause or the last change of speed; None where it goes step by step."""
        if not (self.session and self.last_step):
            return None
        if self.is_by_step:
            return None
        since = self._pace
        steps, elapsed = (self.last_step[name] - since.get(name, 0) for name in ("step", "time"))
        return steps / elapsed if steps > 0 and elapsed > 0 else None

    def _take(self, event: Event) -> None:
        kind, self.told = event["event"], event["time"]
        if kind in (events.STEP, events.VALIDATION, events.EPOCH):
            self.set_aside = {}
        elif kind in (*events.ENDS, events.RESUMING):
            self._put_back()
        if kind == events.STEP:
            self.curve.append(event)
        elif kind == events.VALIDATION:
            self.validations.append(event)
        elif kind in _GATHERED:
            if kind == events.EPOCH and self.test and self._began_anew and not self.tested:
                self.test = None  # the network that it is about has just been replaced
            getattr(self, _GATHERED[kind]).append(event)
        elif kind == events.TEST:
            self.test = self.tested = self._checked(event)
        elif kind in (events.DOWNLOAD, events.PREPARING):
            setattr(self, kind, event)
        elif kind == events.STARTED:
            self._begin(event)
        elif kind == events.RESUMING:
            if self.session and (latest := self._latest()):
                began, until = self.session["time"], latest["time"]
                self.trained_seconds += max(0.0, until - began - float(self._waited(began, until)))
            self.session = self.end = self.tested = None
        elif kind == events.RESUMED:
            self._forget_after(event["step"], event["epoch"])
            self.started = {**(self.started or {}), **event, "time": (self.started or event)["time"]}
            self.session = event
            self.sessions = [session for session in self.sessions if session.step < event["step"]]
            self.sessions.append(self._session(event, self.trained_seconds))
        elif kind in events.ENDS:
            self.end = event

    def _checked(self, test: Event) -> Event:
        """Without a matrix or rows of other classes than those that are trained."""
        classes = len((self.started or {}).get("class_names", ()))
        wrong = [name for name in ("confusion_matrix", "per_class") if len(test.get(name, ())) not in (0, classes)]
        self.is_damaged |= bool(wrong)
        return {name: value for name, value in test.items() if name not in wrong}

    @staticmethod
    def _session(event: Event, trained: float) -> Session:
        step, epoch, epochs, per_epoch = (event.get(name, 0) for name in ("step", "epoch", "epochs", "steps_per_epoch"))
        return Session(step, epoch, event["time"], trained, epochs, per_epoch)

    @property
    def _began_anew(self) -> bool:
        return bool(self.session and self.session["event"] == events.STARTED)

    def _begin(self, event: Event) -> None:
        """From its first step, without a checkpoint. What another attempt learned stands until there is a step of this one."""
        if len(self.curve):
            self.set_aside = {name: getattr(self, name) for name in _PAST}
        empty = History(self.run)
        for name in _PAST:
            setattr(self, name, getattr(empty, name))
        self.started = self.session = event
        self.sessions = [self._session(event, 0.0)]

    def _put_back(self) -> None:
        """What was there before an attempt that trained nothing."""
        if self.set_aside:
            for name, value in self.set_aside.items():
                setattr(self, name, value)
            self.session, self.set_aside = None, {}

    def _forget_after(self, step: int, epoch: int) -> None:
        """What came after the checkpoint a run goes on from happens again."""
        self.curve.forget_after(step)
        self.validations.forget_after(step)
        self.epochs = [event for event in self.epochs if event["epoch"] <= epoch]
        self.learning_rates = [event for event in self.learning_rates if event["step"] <= step]
