"""Groups whose runs are folders written by hand."""

from __future__ import annotations

from typing import Any

from core.game.board import Board, board_of
from core.game.played import enter, game_of
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.store import Run, create_run
from tests.helpers import quick_config

STEPS = 20  # of an epoch


def trains(runs_folder, group, vals=(0.9, 0.98), test=0.98, end="finished", config=None, **started: Any) -> Run:
    """A run of that group with these validations of its epochs; `end` "": it is on its way, `started` changes what it said."""
    run = create_run(config or quick_config(epochs=max(1, len(vals))), runs_folder)
    if group:
        enter(runs_folder, group, run.id)
    log = EventWriter(run.event_log)
    facts = {"train_images": 1200, "val_images": 150, "parameters": 1000, "epochs": max(3, len(vals))} | started
    log.write("started", total_steps=facts["epochs"] * STEPS, steps_per_epoch=STEPS, class_names=["a", "b"], **facts)
    best = 0.0
    for epoch, val in enumerate(vals, 1):
        log.write("step", epoch=epoch, step=epoch * STEPS, **{"train/loss": 1.0, "train/accuracy": val})
        log.write("epoch", epoch=epoch, step=epoch * STEPS, best=val > best, seconds=1.0, **{"val/accuracy": val})
        best = max(best, val)
    if test is not None and end:
        log.write("test", from_epoch=1 + vals.index(best), images=100, **{"test/accuracy": test})
    if end:
        log.write(end, message="It ended.")
    log.close()
    if not end:
        run.starting_mark.touch()
    return run


def board(runs_folder) -> Board:
    """As whoever looks sees it."""
    return board_of(game_of(runs_folder), runs_folder, lambda run: History(run).update())
