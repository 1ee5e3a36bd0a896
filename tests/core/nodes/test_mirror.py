"""The desk's side: what pages see of a run that is trained elsewhere, who may write into it, what its computer is told."""

import json
import os
import threading
import time

import pytest
from filelock import FileLock

from core.errors import TrainDeskError
from core.machine.processes import living_pid
from core.nodes import mirror as mirror_module
from core.nodes import mirrored
from core.nodes.mirror import Mirror
from core.nodes.registry import nodes
from core.runs.placement import hand_over, placement_of
from core.runs.playback import Playback, ask_for_playback
from core.runs.queue import locked
from core.runs.store import create_run
from core.runs.trash import delete_run, restore_run
from tests.core.nodes.joined import place
from tests.helpers import assert_one_sentence, quick_config, wait_until

pytestmark = pytest.mark.usefixtures("desk_lives")


@pytest.fixture(autouse=True)
def nothing_needed(monkeypatch):
    monkeypatch.setattr(mirrored, "needs", lambda *_: [])


@pytest.fixture
def mirror(runs_folder):
    return Mirror(runs_folder, runs_folder / "data")


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(), runs_folder, sync=False)


def look(mirror):
    """What its thread does; twice, since what a run needs is found in one of its own."""
    mirror._look(scan=True)
    wait_until(lambda: not any(each._is_getting_ready for each in mirror._runs.values()))
    mirror._look(scan=True)


def told(mirror, run, node="lab-1"):
    """The order about a run, as its computer gets it."""
    return mirror.answer(node, "orders", {"known": {}})["runs"].get(run.id)


def line(kind, **values):
    return json.dumps({"event": kind, "time": 1.0, **values}).encode() + b"\n"


def deliver(mirror, run, data, offset=None, node="lab-1", generation=None):
    generation = placement_of(run.folder).generation if generation is None else generation
    offset = (run.event_log.stat().st_size if run.event_log.exists() else 0) if offset is None else offset
    values = {"run": run.id, "generation": generation, "offset": offset, "data": data}
    return mirror.answer(node, "deliver", values)


def over(mirror, run):
    """Its computer says that its worker is gone and that this is all."""
    from core.nodes.outgoing import digest_of_path

    size = run.event_log.stat().st_size
    digest = digest_of_path(run.event_log, size)
    values = {"run": run.id, "generation": placement_of(run.folder).generation, "files": {}, "over": [size, digest]}
    return mirror.answer("lab-1", "offer", values)


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


def test_a_piece_of_the_log_that_is_here_counts_once_and_a_gap_is_asked_for(mirror, run):
    place(run, "lab-1")
    look(mirror)
    one, two = line("started"), line("step", step=1)
    assert deliver(mirror, run, one + two, 0) == {"size": len(one + two)}
    assert deliver(mirror, run, one, 0) == deliver(mirror, run, two, len(one)) == {"size": len(one + two)}
    assert deliver(mirror, run, one + two + one, 0) == {"size": len(one + two + one)}
    assert deliver(mirror, run, two, 1000) == {"size": len(one + two + one)}
    assert run.event_log.read_bytes() == one + two + one


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


def test_a_deleted_run_is_dropped_and_one_that_is_restored_does_not_come_back_to_life(mirror, run, runs_folder):
    old = place(run, "lab-1").generation
    look(mirror)
    deliver(mirror, run, line("paused", message="Paused."))
    known = {"runs": {run.id: {"generation": old, "placed": 0}}}
    delete_run(run)
    assert deliver(mirror, run, line("step"), 0, generation=old) == {"stale": True}
    look(mirror)
    assert mirror.answer("lab-1", "orders", {"known": known})["drop"] == {run.id: old}
    restored = restore_run(run.id, runs_folder)
    look(mirror)
    said = mirror.answer("lab-1", "orders", {"known": known})
    assert said["runs"] == {} and said["drop"] == {run.id: old}
    assert not restored.worker_is_alive() and restored.status().name == "paused"


def test_a_runs_folder_that_is_away_for_a_moment_drops_nothing(mirror, run, runs_folder):
    generation = place(run, "lab-1").generation
    look(mirror)
    deliver(mirror, run, line("started"))
    away = runs_folder.with_name("away")
    runs_folder.rename(away)
    known = {"runs": {run.id: {"generation": generation, "placed": 0}}}
    assert "error" in deliver(mirror, run, line("step"), 0, generation=generation)
    with pytest.raises(OSError):
        mirror._look(scan=True)
    assert "drop" not in mirror.answer("lab-1", "orders", {"known": known}) or not mirror.orders("lab-1", known)["drop"]
    away.rename(runs_folder)
    look(mirror)
    assert run.status().name == "running" and "size" in deliver(mirror, run, line("step"))


def test_a_disk_that_is_full_here_loses_nothing_and_is_told(mirror, run, monkeypatch):
    place(run, "lab-1")
    look(mirror)
    one, two = line("started"), line("step", step=1)
    with monkeypatch.context() as patch:
        patch.setattr(mirrored, "append", lambda path, data: path.write_bytes(data[:10]))
        said = deliver(mirror, run, one + two)
        assert_one_sentence(said["error"], "No space left", "free some space")
    assert run.event_log.read_bytes() == (one + two)[:10]
    mirror.answer("lab-1", "heard", {"facts": {"cores": 2}})
    [node] = nodes(run.folder.parent)
    assert "No space left" in node.problem
    assert deliver(mirror, run, (one + two)[10:]) == {"size": len(one + two)}
    assert run.event_log.read_bytes() == one + two


def test_what_a_run_needs_and_cannot_have_fails_it_with_the_reason(mirror, run, monkeypatch):
    def refuse(*_):
        raise TrainDeskError("The pictures are on this computer alone.")

    monkeypatch.setattr(mirrored, "needs", refuse)
    place(run, "lab-1")
    look(mirror)
    assert run.status().name == "failed" and run.status().reason == "The pictures are on this computer alone."
    assert placement_of(run.folder).settled and not run.worker_is_alive() and told(mirror, run) is None


def test_a_file_that_changes_while_it_is_fetched_is_offered_anew(mirror, run, monkeypatch, tmp_path):
    from core.nodes.digests import Digests
    from core.nodes.parcels import Parcel

    source = tmp_path / "pixels.npy"
    source.write_bytes(b"one")
    digests = Digests(run.folder.parent)

    def needs(*_):
        content = digests.of(source)
        return [Parcel("data", "weights/a.pth", content.size, content.digest, source, content.changed)]

    monkeypatch.setattr(mirrored, "needs", needs)
    place(run, "lab-1")
    look(mirror)
    [parcel] = told(mirror, run)["parcels"]
    ask = {"digest": parcel["digest"], "offset": 0, "length": 100}
    assert mirror.answer("lab-1", "fetch", ask) == {"data": b"one"}
    assert "error" in mirror.answer("lab-2", "fetch", ask), "it is not for that one"
    source.write_bytes(b"two, later")
    assert "error" in mirror.answer("lab-1", "fetch", ask)
    look(mirror)
    [parcel] = told(mirror, run)["parcels"]
    assert mirror.answer("lab-1", "fetch", ask | {"digest": parcel["digest"]}) == {"data": b"two, later"}


def test_what_a_computer_says_of_itself_is_taken_down_in_bounds(mirror, runs_folder):
    facts = {
        "name": "lab-9",
        "cores": 4,
        "seen": 5.0,
        "system": "x" * 9999,
        "gpus": ["g" * 9999] * 99,
        "runs": ["r"] * 2000,
    }
    assert mirror.answer("lab-1", "heard", {"facts": facts}) == {}
    [node] = nodes(runs_folder)
    assert node.name == "lab-1" and node.cores == 4 and node.is_in_touch and len(node.system) == 300
    assert len(node.gpus) == 64 and len(node.runs) == 1000 and time.time() - node.joined < 60
    joined = node.joined
    mirror.answer("lab-1", "heard", {"facts": {"cores": 2, "runs": [b"\xff"]}})
    assert "error" in mirror.answer("lab-1", "heard", {"facts": {"cores": b"2"}})
    [node] = nodes(runs_folder)
    assert node.joined == joined and len(list(runs_folder.glob(".traindesk/nodes/*.json"))) == 1


HOSTILE = [
    ("deliver", {"run": "../../etc", "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "..", "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": ".traindesk", "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "OTHER", "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": -1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": True, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": 1, "offset": -5, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": 1, "offset": 0, "data": "x"}),
    ("deliver", {"run": ["RUN"], "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": 1, "offset": 0}),
    ("deliver", {"run": "RUN", "generation": 1, "offset": 0, "data": b"x", "more": 1}),
    ("offer", {"run": "RUN", "generation": 1, "files": {"stop": [0, "0" * 64]}, "over": None}),
    ("offer", {"run": "RUN", "generation": 1, "files": {3: 3}, "over": None}),
    ("offer", {"run": "RUN", "generation": 1, "files": {}, "over": [1]}),
    ("put", {"run": "RUN", "generation": 1, "name": "x", "digest": "0" * 64, "size": 1, "offset": 0, "data": b"x"}),
    (
        "put",
        {
            "run": "RUN",
            "generation": 1,
            "name": "events.jsonl",
            "digest": "0" * 64,
            "size": 1,
            "offset": 0,
            "data": b"x",
        },
    ),
    ("fetch", {"digest": "../config.json", "offset": 0, "length": 10}),
    ("orders", {"known": []}),
    ("orders", {"known": {"runs": {"../..": {"generation": 1}, 3: 3, "x": None}}}),
    ("orders", {"known": {"runs": {"a\x00b": {"generation": 1}, "x" * 5000: {"generation": 1}}}}),
    ("stop", {}),
    ("__init__", {}),
    ("answer", {"node": "x"}),
]


@pytest.mark.parametrize(
    "method, values", HOSTILE, ids=[f"{index} {method}" for index, (method, _) in enumerate(HOSTILE)]
)
def test_nothing_of_what_a_hostile_computer_says_is_done(mirror, run, runs_folder, method, values):
    other = create_run(quick_config(), runs_folder, sync=False)
    place(other, "lab-2")
    generation = place(run, "lab-1").generation
    look(mirror)
    before = {path: path.read_bytes() for path in runs_folder.rglob("*") if path.is_file()}
    values = {
        name: {"RUN": run.id, "OTHER": other.id}.get(value, value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    if values.get("generation") == 1 and values["generation"] is not True:
        values["generation"] = generation
    said = mirror.answer("lab-1", method, values)
    assert "size" not in said and "offset" not in said and "data" not in said
    assert {path: path.read_bytes() for path in runs_folder.rglob("*") if path.is_file()} == before


def test_a_log_has_an_end_beyond_which_nothing_is_taken(mirror, run, monkeypatch):
    place(run, "lab-1")
    look(mirror)
    monkeypatch.setattr(mirrored, "most_bytes_from", lambda name: 100)
    assert_one_sentence(deliver(mirror, run, b"x" * 101)["error"], run.id, "too long")
    assert not run.event_log.exists()


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
