"""What happened in a run, gathered from its event log and brought up to date by reading only the new lines."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from core.runs import events
from core.runs.events import Event
from core.runs.store import Run


@dataclass
class History:
    """Curves and results of one run. `update` reads on; everything else is plain data."""

    run: Run
    offset: int = 0
    started: Event | None = None
    download: Event | None = None
    test: Event | None = None
    end: Event | None = None
    last_step: Event | None = None
    steps: list[int] = field(default_factory=list)
    losses: list[float | None] = field(default_factory=list)  # train/loss, one for each entry of `steps`
    epochs: list[Event] = field(default_factory=list)

    def update(self) -> History:
        new, self.offset = self.run.events(self.offset)
        for event in new:
            with contextlib.suppress(KeyError, TypeError):  # a damaged event
                self._take(event)
        return self

    def best_epoch(self) -> Event | None:
        """The last epoch that was the best so far."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.get("best")), None)

    def progress(self) -> float:
        """Share of all steps done, 0..1."""
        if not (self.started and self.last_step):
            return 0.0
        return min(1.0, self.last_step["step"] / max(1, self.started["total_steps"]))

    def seconds_left(self) -> float | None:
        """Until the last epoch ends, from the pace since the start; None before there is a pace."""
        if not (self.started and self.last_step) or self.end:
            return None
        elapsed = self.last_step["time"] - self.started["time"]
        return elapsed / self.last_step["step"] * (self.started["total_steps"] - self.last_step["step"])

    def elapsed(self) -> float | None:
        """Seconds from the first step's start to the last thing that happened."""
        latest = self.end or self.test or self.last_step
        return latest["time"] - self.started["time"] if self.started and latest else None

    def _take(self, event: Event) -> None:
        kind = event["event"]
        if kind == events.STEP:
            step, loss = int(event["step"]), event["train/loss"]
            self.last_step = event
            self.steps.append(step)
            self.losses.append(loss)
        elif kind == events.EPOCH:
            self.epochs.append(event)
        elif kind == events.DOWNLOAD:
            self.download = event
        elif kind == events.STARTED:
            self.started = event
        elif kind == events.TEST:
            self.test = event
        elif kind in events.ENDS:
            self.end = event
