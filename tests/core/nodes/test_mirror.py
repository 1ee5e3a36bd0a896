"""The desk's side: what pages see of a run that is trained elsewhere, and what its computer is told."""

import os
import threading

import pytest

from core.machine.processes import living_pid
from core.runs.placement import placement_of
from core.runs.playback import Playback, ask_for_playback
from tests.core.nodes.joined import place
from tests.core.nodes.mirrors import deliver, line, look, over, told
from tests.helpers import wait_until

pytestmark = pytest.mark.usefixtures("desk_lives", "nothing_needed")


def test_a_placed_run_starts_runs_and_ends_as_one_here_does(mirror, run):
    run.queue_place.touch()
    place(run, "lab-1")
    assert run.status().name == "starting"
    look(mirror)
    assert run.status().name == "starting" and run.worker_is_alive() and not run.queue_place.exists()
    order = told(mirror, run)
    assert order["config"].encode() == run.config_file.read_bytes() and not order["begun"] and order["log"] == [0, ""]
    assert deliver(mirror, run, line("started")) == {"size": len(line("started"))}
    assert run.status().name == "running"
    look(mirror)
    assert told(mirror, run)["begun"] and not run.starting_mark.exists()
    deliver(mirror, run, line("finished", message="Trained."))
    assert run.status().name == "finished" and not run.worker_is_alive()
    assert over(mirror, run) == {"wanted": {}, "settled": True}
    placement = placement_of(run.folder)
    assert placement.settled and placement.computer == "lab-1" and not placement.is_elsewhere
    look(mirror)
    assert told(mirror, run) is None
    assert {path.name for path in run.folder.iterdir()} == {
        "config.json",
        "events.jsonl",
        "placement.json",
        "worker.lock",
    }


def test_a_run_that_goes_on_is_starting_until_its_computer_says_a_word(mirror, run):
    run.event_log.write_bytes(line("paused", message="Paused."))
    place(run, "lab-1")
    look(mirror)
    assert run.status().name == "starting"
    order = told(mirror, run)
    assert order["log"][0] == len(line("paused", message="Paused.")) and len(order["log"][1]) == 64
    deliver(mirror, run, line("resuming"))
    assert run.status().name == "starting"
    deliver(mirror, run, line("resumed", step=3))
    assert run.status().name == "running"


def test_a_mark_of_a_start_stays_young_while_the_computer_gets_ready(mirror, run, monkeypatch):
    place(run, "lab-1")
    os.utime(run.starting_mark, (1, 1))
    look(mirror)
    assert run.status().name == "starting" and living_pid(run.starting_mark) == os.getpid()


def test_a_piece_of_the_log_that_is_here_counts_once_and_a_gap_is_asked_for(mirror, run):
    place(run, "lab-1")
    look(mirror)
    one, two = line("started"), line("step", step=1)
    assert deliver(mirror, run, one + two, 0) == {"size": len(one + two)}
    assert deliver(mirror, run, one, 0) == deliver(mirror, run, two, len(one)) == {"size": len(one + two)}
    assert deliver(mirror, run, one + two + one, 0) == {"size": len(one + two + one)}
    assert deliver(mirror, run, two, 1000) == {"size": len(one + two + one)}
    assert run.event_log.read_bytes() == one + two + one


def test_a_finished_run_whose_answer_was_lost_is_settled_when_asked_again(mirror, run):
    place(run, "lab-1")
    look(mirror)
    deliver(mirror, run, line("stopped", message="Stopped."))
    assert over(mirror, run)["settled"]
    assert over(mirror, run) == deliver(mirror, run, b"", 0) == {"settled": True}
    known = {"runs": {run.id: {"generation": placement_of(run.folder).generation, "placed": 0}}}
    look(mirror)
    assert not mirror.answer("lab-1", "orders", {"known": known})["drop"]


def test_orders_are_told_once_and_again_when_they_change(mirror, run):
    heard = []
    mirror.listen(heard.append)
    place(run, "lab-1")
    look(mirror)
    said = mirror.answer("lab-1", "orders", {"known": {}})
    known = {"version": said["version"], "runs": {}}
    assert heard == ["lab-1"] and mirror.answer("lab-1", "orders", {"known": known}) == {}
    run.request_stop()
    look(mirror)
    assert heard == ["lab-1"] * 2
    assert mirror.answer("lab-1", "orders", {"known": known})["runs"][run.id]["requests"]["stop"] is True
    assert mirror.orders("lab-2", {})["runs"] == {}


def test_what_people_ask_is_passed_on_and_cleared_when_the_run_has_ended(mirror, run):
    place(run, "lab-1")
    look(mirror)
    run.request_pause()
    ask_for_playback(run, Playback(2.0, 7))
    look(mirror)
    requests = told(mirror, run)["requests"]
    assert requests == {
        "stop": False,
        "pause": True,
        "learning_rate": None,
        "others": None,
        "playback": {"epoch_seconds": 2.0, "until": 7},
    }
    deliver(mirror, run, line("paused", message="Paused."))
    assert not run.pause_request.exists() and run.status().name == "paused"


def test_a_learning_rate_stays_asked_until_it_was_placed(mirror, run):
    generation = place(run, "lab-1").generation
    look(mirror)
    run.request_learning_rate(0.02)
    look(mirror)
    serial, value = told(mirror, run)["requests"]["learning_rate"]
    assert value == 0.02

    def placed(serial):
        known = {"runs": {run.id: {"generation": generation, "placed": serial}}}
        mirror.answer("lab-1", "orders", {"known": known})

    placed(serial - 1)
    assert run.learning_rate_request.exists()
    run.request_learning_rate(0.03)
    os.utime(run.learning_rate_request, ns=(serial + 1, serial + 1))
    placed(serial)
    assert run.learning_rate_request.read_text() == "0.03"
    placed(serial + 1)
    assert not run.learning_rate_request.exists()
    look(mirror)
    assert told(mirror, run)["requests"]["learning_rate"] is None


def test_its_thread_finds_runs_and_requests_by_itself(mirror, run):
    changed = threading.Event()
    mirror.start()
    try:
        place(run, "lab-1")
        wait_until(lambda: told(mirror, run))
        mirror.listen(lambda node: changed.set())
        run.request_stop()
        assert changed.wait(5) and told(mirror, run)["requests"]["stop"]
    finally:
        mirror.stop()
    assert not run.worker_is_alive()
