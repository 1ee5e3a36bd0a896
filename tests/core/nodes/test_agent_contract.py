"""One contract for the two engines: what people do with a run works alike on this computer and on another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.machine.trash import Trash
from core.runs.placement import placement_of
from core.runs.playback import Playback, ask_for_playback
from core.runs.store import Run, create_run
from core.runs.trash import delete_run
from core.workers.control import ask_to_resume
from core.workers.dispatch import submit
from core.workers.worker import work
from tests.core.running import kinds, same_weights
from tests.faults.checks import assert_each_step_once
from tests.helpers import quick_config, wait_until
from tests.room import Room

EPOCHS = 3
SLOW = {"epoch_seconds": 2, "keep_every": EPOCHS}  # of a person's watch; it changes no number
OF_ITS_COMPUTER = {"placement.json", "worker.lock", "worker.log"}
OF_ITS_END = {"test_predictions.npz", "val_predictions.npz", f"looks/{EPOCHS:06}.npz"}
OF_ITS_TIME = {"time", "seconds", "memory_bytes"}


class Engine:
    """Where runs are trained, as the desk's people choose it."""

    def __init__(self, room: Room, computer: str):
        self._room, self.computer = room, computer

    def train(self, **settings: Any) -> Run:
        """A new run that was submitted."""
        run = create_run(quick_config(**{"epochs": EPOCHS, "training": SLOW, **settings}), self._room.runs)
        self.submit(run)
        return run

    def submit(self, run: Run) -> None:
        submit(run, self._room.data, computer=self.computer)

    def go_on(self, run: Run, **changes: Any) -> None:
        ask_to_resume(run, computer=self.computer, **changes)
        self.submit(run)

    def until(self, run: Run, status: str) -> None:
        """Waits for that status, and until all that was trained is in the desk's folder."""
        wait_until(lambda: run.status().name == status, what=f"{run.id} {status}")
        wait_until(lambda: not run.status().is_active and not placement_of(run.folder).is_elsewhere, what="its files")


@pytest.fixture(scope="module")
def undisturbed(a_room) -> Run:
    """A run that was trained in this process, at one go."""
    run = create_run(quick_config(epochs=EPOCHS, training={"keep_every": EPOCHS}), a_room.runs)
    work(run, a_room.data)
    return run


@pytest.fixture(params=["here", "lab-1"])
def engine(request, a_room) -> Engine:
    return Engine(a_room, request.param)


def has(run: Run, kind: str, number: int = 1) -> Callable[[], bool]:
    return lambda: kinds(run).count(kind) >= number


def files(run: Run) -> set[str]:
    names = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()}
    return names - OF_ITS_COMPUTER


def numbers(run: Run) -> list[dict[str, Any]]:
    """What the log says of the epochs and of the test pictures, without how long it took."""
    said = [event for event in run.events()[0] if event["event"] in ("epoch", "test")]
    return [{name: value for name, value in event.items() if name not in OF_ITS_TIME} for event in said]


def test_a_run_that_was_paused_goes_on_with_the_same_numbers_and_weights_follows_and_can_be_deleted(
    engine, undisturbed
):
    run = engine.train()
    wait_until(has(run, "epoch"))
    run.request_pause()
    engine.until(run, "paused")
    assert run.last.is_file() and not run.pause_request.exists()
    assert len(numbers(run)) < EPOCHS
    engine.go_on(run, more_epochs=100)
    wait_until(has(run, "epoch", EPOCHS + 1))
    assert {"paused", "resuming", "resumed"} <= set(kinds(run))
    assert numbers(run)[:EPOCHS] == numbers(undisturbed)[:EPOCHS]
    ask_for_playback(run, Playback(epoch_seconds=5.0))
    run.request_learning_rate(0.0125)
    wait_until(has(run, "playback"))
    wait_until(has(run, "learning_rate"))
    said = run.events()[0]
    assert [event["learning_rate"] for event in said if event["event"] == "learning_rate"] == [0.0125]
    assert [event["epoch_seconds"] for event in said if event["event"] == "playback"] == [5.0]
    run.request_stop()
    engine.until(run, "stopped")
    assert_each_step_once(run)
    assert not run.stop_request.exists() and not run.learning_rate_request.exists()
    assert (placement_of(run.folder).computer or "here") == engine.computer
    kept, expected = (each.folder / "kept" / f"{EPOCHS:06}.pt" for each in (run, undisturbed))
    assert same_weights(kept, expected), "from before anyone asked for another learning rate"
    assert files(undisturbed) - files(run) <= OF_ITS_END
    delete_run(run)
    assert not run.folder.exists()
    deleted = Run(Trash(run.folder.parent).folder / run.id)
    assert deleted.last.is_file() and kinds(deleted)[-1] == "stopped"
