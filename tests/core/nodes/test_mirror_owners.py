"""Whose a run is: of a computer that is lost or comes back, of another one, or of the desk after it was killed."""

import time

import pytest
from filelock import FileLock

from core.nodes import mirror as mirror_module
from core.nodes.mirror import Mirror
from core.runs.placement import hand_over, placement_of
from core.runs.queue import locked
from tests.core.nodes.joined import place
from tests.core.nodes.mirrors import deliver, line, look, told

pytestmark = pytest.mark.usefixtures("desk_lives", "nothing_needed")


def test_no_worker_here_can_begin_while_a_computer_trains_the_run(mirror, run):
    place(run, "lab-1")
    look(mirror)
    assert run.worker_is_alive()
    mirror.stop()
    with FileLock(run.worker_lock, timeout=0):
        assert "error" in deliver(mirror, run, line("started"))
    assert not run.event_log.exists()


class Clock:
    """The monotonic clock of the mirror."""

    def __init__(self, monkeypatch):
        self.ahead = 0.0
        real = time.monotonic
        monkeypatch.setattr(mirror_module.time, "monotonic", lambda: real() + self.ahead)


def test_a_computer_that_is_lost_before_it_said_a_word_leaves_the_run_interrupted(mirror, run, monkeypatch):
    clock = Clock(monkeypatch)
    place(run, "lab-1")
    look(mirror)
    clock.ahead = mirror_module.LOST_SECONDS + 1
    look(mirror)
    assert run.status().name == "interrupted" and not run.is_on_its_way()
    mirror.answer("lab-1", "heard", {"facts": {}})
    told(mirror, run)
    deliver(mirror, run, b"", 0)
    look(mirror)
    assert run.status().name == "starting"


def test_a_computer_that_is_silent_is_lost_and_comes_back(mirror, run, monkeypatch):
    clock = Clock(monkeypatch)
    place(run, "lab-1")
    look(mirror)
    deliver(mirror, run, line("started"))
    clock.ahead = mirror_module.LOST_SECONDS - 1
    look(mirror)
    assert run.status().name == "running"
    clock.ahead = mirror_module.LOST_SECONDS + 1
    look(mirror)
    status = run.status()
    assert status.name == "interrupted" and "lab-1" in status.reason
    lost = placement_of(run.folder).lost
    assert abs(time.time() - lost - clock.ahead) < 5, "when it was heard of last, by the clock of the desk"
    deliver(mirror, run, line("step", step=9))
    assert run.status().name == "running" and placement_of(run.folder).lost == 0


def test_a_lost_computer_is_back_also_when_it_only_asks_for_orders(mirror, run, monkeypatch):
    clock = Clock(monkeypatch)
    generation = place(run, "lab-1").generation
    look(mirror)
    deliver(mirror, run, line("started"))
    clock.ahead = mirror_module.LOST_SECONDS + 1
    look(mirror)
    assert run.status().name == "interrupted"
    mirror.answer("lab-1", "orders", {"known": {"runs": {run.id: {"generation": generation, "placed": 0}}}})
    assert run.status().name == "running"


def test_a_run_of_a_lost_computer_that_is_resumed_here_is_not_written_to_any_more(
    mirror, run, runs_folder, monkeypatch
):
    clock = Clock(monkeypatch)
    old = place(run, "lab-1").generation
    look(mirror)
    deliver(mirror, run, line("started"))
    clock.ahead = mirror_module.LOST_SECONDS + 1
    look(mirror)
    with locked(runs_folder):
        hand_over(run.folder, "")
    before = run.event_log.read_bytes()
    assert deliver(mirror, run, line("step", step=9), generation=old) == {"stale": True}
    known = {"runs": {run.id: {"generation": old, "placed": 0}}}
    assert mirror.answer("lab-1", "orders", {"known": known})["drop"] == {run.id: old}
    look(mirror)
    assert run.event_log.read_bytes() == before and not run.worker_is_alive()
    assert mirror.answer("lab-1", "orders", {"known": known})["drop"] == {run.id: old}


def test_a_run_given_to_another_computer_is_the_first_ones_no_more(mirror, run):
    old = place(run, "lab-1").generation
    look(mirror)
    deliver(mirror, run, line("started"))
    place(run, "lab-2")
    assert deliver(mirror, run, line("step"), generation=old) == {"stale": True}
    look(mirror)
    look(mirror)
    assert told(mirror, run) is None and told(mirror, run, "lab-2")["log"][0] == len(line("started"))
    assert deliver(mirror, run, line("resuming"), node="lab-2")["size"] > len(line("started"))
    assert deliver(mirror, run, line("step"), generation=placement_of(run.folder).generation) == {"stale": True}


def test_a_run_given_anew_to_the_computer_that_has_it_is_not_dropped_there(mirror, run):
    old = place(run, "lab-1").generation
    look(mirror)
    deliver(mirror, run, line("paused", message="Paused."))
    new = place(run, "lab-1").generation
    known = {"runs": {run.id: {"generation": old, "placed": 0}}}
    for _ in range(2):
        assert deliver(mirror, run, line("step"), generation=old) == {"newer": True}
        assert not mirror.answer("lab-1", "orders", {"known": known})["drop"]
        look(mirror)
        look(mirror)
    assert told(mirror, run)["generation"] == new and run.status().name == "starting"


def test_the_desk_goes_on_after_it_was_killed(mirror, run, runs_folder):
    place(run, "lab-1")
    look(mirror)
    deliver(mirror, run, line("started"))
    mirror._runs[run.id].let_go()  # as the system does
    assert run.status().name == "interrupted"
    again = Mirror(runs_folder, runs_folder)
    look(again)
    assert run.status().name == "running"
    assert deliver(again, run, line("step", step=1))["size"] == run.event_log.stat().st_size
    look(again)
    look(mirror)
    known = {"known": {"version": mirror.version("lab-1")}}
    assert again.version("lab-1") == mirror.version("lab-1") and again.answer("lab-1", "orders", known) == {}


def test_the_desk_remembers_that_a_worker_died_while_files_are_missing(mirror, run, runs_folder):
    place(run, "lab-1")
    look(mirror)
    deliver(mirror, run, line("started"))
    size = run.event_log.stat().st_size
    said = {"files": {"last.pt": [3, "0" * 64]}, "over": [size, "1" * 64]}
    mirror.answer("lab-1", "offer", {"run": run.id, "generation": placement_of(run.folder).generation, **said})
    assert run.status().name == "interrupted"
    again = Mirror(runs_folder, runs_folder)
    look(again)
    assert run.status().name == "interrupted" and placement_of(run.folder).is_elsewhere


def test_a_worker_that_was_thought_to_be_gone_is_there_again(mirror, run):
    generation = place(run, "lab-1").generation
    look(mirror)
    deliver(mirror, run, line("step", step=1))
    said = {"run": run.id, "generation": generation, "files": {"last.pt": [3, "0" * 64]}}
    mirror.answer("lab-1", "offer", {**said, "over": [run.event_log.stat().st_size, "1" * 64]})
    look(mirror)
    assert run.status().name == "interrupted"
    mirror.answer("lab-1", "offer", {**said, "over": None})
    look(mirror)
    assert run.status().name == "running"
