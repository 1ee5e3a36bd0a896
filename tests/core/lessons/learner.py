"""A learner whose runs are folders written by hand."""

from __future__ import annotations

import numpy as np

from core.lessons.progress import Attempt, seen_by
from core.run_config import RunConfig
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.metadata import own
from core.runs.predictions import Predictions, write_predictions
from core.runs.store import Run, create_run
from core.runs.summary import summarise
from tests.pages.fake_runs import write_start

OWNER = "here"


class Learner:
    """What one person did since the lesson was begun."""

    def __init__(self, runs_folder, data_folder):
        self.runs_folder, self.data_folder = runs_folder, data_folder
        self.runs: list[Run] = []
        self.answers: dict[str, str] = {}

    def trains(self, config: RunConfig, status="finished", val=0.9, test=0.9, train=0.95, owner=OWNER) -> Run:
        """A run with one epoch; `status` "running" is one whose worker is gone."""
        run = create_run(config, self.runs_folder)
        own(run, owner)
        log = EventWriter(run.event_log)
        write_start(log, run, 1)
        values = {"train/loss": 1.0, "train/accuracy": train, "val/loss": 1.0, "val/accuracy": val}
        log.write("epoch", epoch=1, step=20, best=True, seconds=1.0, memory_bytes=1, **values)
        if status == "finished":
            log.write("test", **{"test/loss": 1.0, "test/accuracy": test}, images=100, from_epoch=1)
        if status != "running":
            log.write(status, message="It ended.")
        log.close()
        self.runs.append(run)
        return run

    def misreads(self, run: Run, wrong: dict[int, int]) -> None:
        """Of each digit there are 20 test pictures, of which so many are taken for the next one."""
        labels = np.repeat(np.arange(10), 20)
        said = labels.copy()
        for digit, count in wrong.items():
            said[np.flatnonzero(labels == digit)[:count]] = (digit + 1) % 10
        logits = np.where(np.arange(10) == said[:, None], 0.0, -9.0).astype(np.float32)
        write_predictions(run, "test", Predictions(logits, labels, np.arange(len(labels))))

    def seen(self):
        """For the checks."""
        found = []
        for run in self.runs:
            status = run.status()
            found.append(summarise(run, History(run).update(), status.name, status.reason))
        return seen_by(Attempt(1.0, self.answers), found, self.runs_folder, self.data_folder, OWNER)

    def verdicts(self, lesson):
        """Which steps are done."""
        return [verdict.done for verdict in lesson.verdicts(self.seen())]

    def said(self, lesson, step):
        """What step says, from 1."""
        return lesson.verdicts(self.seen())[step - 1].said
