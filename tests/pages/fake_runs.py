"""Run folders of every status, written by hand: what a page sees of a run is its folder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.recipes import find_recipe
from core.runs.events import EventWriter
from core.runs.queue import enqueue
from core.runs.store import Run, create_run

STEPS_PER_EPOCH = 20
STATUSES = (
    "queued",
    "starting",
    "paused",
    "finished",
    "stopped",
    "failed",
    "interrupted",
    "damaged",
)  # "running" needs a live process


def fake_run(
    runs_folder: Path, status: str, epochs: int = 3, recipe: str = "digits", changes: Mapping[str, Any] | None = None
) -> Run:
    """A run folder whose status is `status`; "damaged" has a config that names an unknown dataset. `changes`: values at paths
    of the recipe's config."""
    run = create_run(find_recipe(recipe).config().with_changes(changes or {}), runs_folder)
    if status == "queued":
        enqueue(run)
        return run
    if status == "starting":
        run.starting_mark.touch()
        return run
    log = EventWriter(run.event_log)
    write_start(log, run, epochs)
    for epoch in range(1, epochs + 1):
        write_epoch(log, epoch)
    if status in ("finished", "stopped", "damaged"):
        write_test(log, run, epochs)
    messages = {
        "finished": "Done.",
        "paused": "Paused by request at step 60 of 120; it goes on from there when you resume it.",
        "stopped": "Stopped.",
        "failed": "The memory of the GPU is full; choose a smaller batch size.",
    }
    if status in messages:
        log.write(status, message=messages[status])
    if status == "failed":
        run.worker_log.write_text("Traceback (most recent call last):\nOutOfMemoryError\n")
    if status == "interrupted":
        run.worker_lock.touch()
    if status == "damaged":
        log.write("finished", message="Done.")
        run.config_file.write_text('{"dataset": "atlantis"}')
    log.close()
    return run


@contextmanager
def running(run: Run, epochs: int = 6, done: int = 2) -> Iterator[EventWriter]:
    """For the length of a `with`, a run in the middle of its training, as if a worker were at it."""
    with FileLock(run.worker_lock):
        log = EventWriter(run.event_log)
        write_start(log, run, epochs)
        for epoch in range(1, done + 1):
            write_epoch(log, epoch)
        yield log
        log.close()


def write_start(log: EventWriter, run: Run, epochs: int, kind: str = "started", **values: object) -> None:
    run.starting_mark.unlink(missing_ok=True)
    log.write(
        kind,
        **values,
        device="cpu",
        device_name="cpu",
        precision="bfloat16",
        threads=2,
        parameters=1000,
        train_images=640,
        val_images=100,
        test_images=100,
        steps_per_epoch=STEPS_PER_EPOCH,
        total_steps=STEPS_PER_EPOCH * epochs,
        epochs=epochs,
        class_names=list(run.config().dataset.info().class_names),
    )


def write_epoch(log: EventWriter, epoch: int, accuracy: float | None = None) -> None:
    for step in range((epoch - 1) * STEPS_PER_EPOCH + 1, epoch * STEPS_PER_EPOCH + 1):
        log.write(
            "step",
            epoch=epoch,
            step=step,
            images_per_second=900.0,
            learning_rate=0.001,
            **{"train/loss": 2.3 * math.exp(-step / 50)},
        )
    accuracy = 1 - math.exp(-epoch) if accuracy is None else accuracy
    log.write(
        "epoch",
        epoch=epoch,
        step=epoch * STEPS_PER_EPOCH,
        best=True,
        seconds=1.0,
        memory_bytes=930_000_000,
        **{"train/loss": 1 / epoch, "train/accuracy": accuracy, "val/loss": 1.1 / epoch, "val/accuracy": accuracy},
    )


def write_test(log: EventWriter, run: Run, epoch: int) -> None:
    names = list(run.config().dataset.info().class_names)
    matrix = [[9 if row == column else 0 for column in range(len(names))] for row in range(len(names))]
    matrix[4][9] = 3
    log.write(
        "test",
        per_class=[
            {"class": name, "precision": 0.9, "recall": 0.8, "f1": 0.85 if name == "4" else 0.95, "images": 10}
            for name in names
        ],
        confusion_matrix=matrix,
        from_epoch=epoch,
        images=93,
        **{"test/loss": 0.2, "test/accuracy": 90 / 93, "test/precision": 0.9, "test/recall": 0.8, "test/f1": 0.85},
    )
