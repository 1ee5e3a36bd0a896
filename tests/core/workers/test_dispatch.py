"""Who may start: room on the CPU and on GPUs, the queue's order, tries that come to nothing."""

import pytest

from core.errors import TrainDeskError
from core.runs.companion import learn_in_step
from core.runs.metadata import read_metadata
from core.runs.queue import enqueue, read_queued_run, waiting
from core.runs.store import create_run
from core.workers import dispatch as dispatching
from core.workers.dispatch import Room, cpu_runs, dispatch, free_places, set_cpu_runs, submit
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.fake_runs import running


@pytest.fixture
def launched(monkeypatch):
    """Runs that would have got a worker; each has its mark, as with a real launch. Two may train at once."""
    runs = []

    def launch(run, data_folder):
        run.starting_mark.touch()
        runs.append(run)

    monkeypatch.setattr(dispatching, "launch", launch)
    monkeypatch.setattr(dispatching, "start_detached", lambda *_, **__: None)  # no supervisor
    monkeypatch.setattr(dispatching, "gpus", lambda: ())
    monkeypatch.setattr(dispatching, "cpu_runs", lambda runs_folder: 2)
    return runs


def new(runs_folder, device="cpu"):
    return create_run(quick_config(training={"device": device}), runs_folder)


def test_a_run_starts_at_once_where_there_is_room_and_waits_where_there_is_none(launched, runs_folder, tmp_path):
    runs = [new(runs_folder) for _ in range(3)]
    assert [submit(run, tmp_path) for run in runs] == [True, True, False]
    assert launched == runs[:2]
    assert [run.status().name for run in runs] == ["starting", "starting", "queued"]


def test_runs_that_train_take_room(launched, runs_folder, tmp_path):
    one, two, three = (new(runs_folder) for _ in range(3))
    with running(one):
        assert submit(two, tmp_path) and not submit(three, tmp_path)
    two.starting_mark.unlink()
    two.queue_place.unlink()
    assert dispatch(runs_folder, tmp_path).started == [three]


def test_two_that_learn_in_step_start_together_though_there_is_room_for_one(launched, runs_folder, tmp_path):
    busy, first, second, other = (new(runs_folder) for _ in range(4))
    learn_in_step(first, second)
    learn_in_step(second, first)
    for run in (busy, first, second, other):
        submit(run, tmp_path)
    assert launched == [busy, first, second] and other.status().name == "queued"


def test_the_next_in_the_queue_starts_first(launched, runs_folder, tmp_path):
    runs = [new(runs_folder) for _ in range(3)]
    for run in runs:
        enqueue(run)
    dispatch(runs_folder, tmp_path)
    assert launched == runs[:2]


def test_a_run_on_its_way_is_not_started_twice(launched, runs_folder, tmp_path):
    run = new(runs_folder)
    submit(run, tmp_path)
    assert dispatch(runs_folder, tmp_path).started == []
    assert launched == [run]


def test_a_worker_that_never_came_leaves_the_run_in_the_queue_for_three_tries(launched, runs_folder, tmp_path):
    run = new(runs_folder)
    enqueue(run)
    for tries in (1, 2, 3):
        assert dispatch(runs_folder, tmp_path).started == [run]
        assert read_queued_run(run).launches == tries
        run.starting_mark.unlink()  # as if 30 seconds had passed
        assert run.status().name == "queued"
    assert dispatch(runs_folder, tmp_path).started == []
    assert run.status().name == "failed" and not waiting(runs_folder)
    assert_one_sentence(run.status().reason, "Started three times, and its process died each time; it wrote nothing")


def test_a_run_that_cannot_be_started_is_one_sentence_and_leaves_the_queue(
    launched, runs_folder, tmp_path, monkeypatch
):
    def refuse(run, data_folder):
        raise TrainDeskError("The training process could not be started (no memory).")

    monkeypatch.setattr(dispatching, "launch", refuse)
    run = new(runs_folder)
    with pytest.raises(TrainDeskError) as caught:
        submit(run, tmp_path)
    assert_one_sentence(str(caught.value), "could not be started")
    assert not waiting(runs_folder) and run.status().name == "stopped"


def test_a_damaged_config_leaves_the_queue_and_the_others_go_on(launched, runs_folder, tmp_path):
    damaged, whole = new(runs_folder), new(runs_folder)
    enqueue(damaged)
    enqueue(whole)
    damaged.config_file.write_text('{"dataset": "atlantis"}')
    assert dispatch(runs_folder, tmp_path).started == [whole]
    assert not damaged.queue_place.exists()


def test_nothing_is_started_on_a_full_disk(launched, runs_folder, tmp_path, monkeypatch):
    waits = new(runs_folder)
    enqueue(waits)
    monkeypatch.setattr(dispatching, "disk_problem", lambda folder: "The disk has 10 MB left; free some space.")
    assert dispatch(runs_folder, tmp_path).started == [] and waits.status().name == "queued"
    other = new(runs_folder)
    with pytest.raises(TrainDeskError) as caught:
        submit(other, tmp_path)
    assert_one_sentence(str(caught.value), "10 MB left")
    assert not other.queue_place.exists()


def test_whose_a_run_is_stays_with_it(launched, runs_folder, tmp_path):
    run = new(runs_folder)
    submit(run, tmp_path, "ann")
    assert read_metadata(run).owner == "ann"


@pytest.mark.parametrize(
    ("gpus", "wanted", "expected"),
    [
        ((), ["auto", "cpu", "cuda"], [True, True, False]),  # without a GPU all is for the CPU
        (("cuda:0",), ["auto", "auto", "cpu"], [True, False, True]),
        (("cuda:0", "cuda:1"), ["auto", "cuda", "auto"], [True, True, False]),
        (("cuda:0", "cuda:1"), ["cuda:1", "cuda:1", "cuda:0"], [True, False, True]),
        (("cuda:0", "cuda:1"), ["cuda:0", "auto", "auto"], [True, True, False]),
        (("mps",), ["auto", "mps", "cpu", "cpu"], [True, False, True, True]),
        (("cuda:0",), ["cpu", "cpu", "cpu", "auto"], [True, True, False, True]),
    ],
)
def test_one_run_on_each_gpu_and_two_on_the_cpu(gpus, wanted, expected):
    room = Room(2, gpus)
    assert [room.take(device) for device in wanted] == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([("auto", 2), ("auto", 1), ("auto", 1)], [True, True, False]),
        ([("auto", 1), ("cuda", 3), ("auto", 1)], [True, False, False]),  # what is free is kept free for it
        ([("auto", 9), ("cpu", 1)], [True, True]),  # its worker says that there are only three
    ],
)
def test_a_run_on_several_gpus_takes_as_many_places(wanted, expected):
    room = Room(2, ("cuda:0", "cuda:1", "cuda:2"))
    assert [room.take(device, count) for device, count in wanted] == expected


def test_how_many_train_at_once_on_the_cpu_is_kept(runs_folder):
    assert cpu_runs(runs_folder) >= 2
    set_cpu_runs(runs_folder, 3)
    assert cpu_runs(runs_folder) == 3


@pytest.mark.parametrize("number", [0, -1, 10_000])
def test_a_wrong_number_at_once_is_one_sentence(number, runs_folder):
    with pytest.raises(TrainDeskError) as caught:
        set_cpu_runs(runs_folder, number)
    assert_one_sentence(str(caught.value), str(number), "from 1 to")
    assert cpu_runs(runs_folder) >= 2


def test_what_is_free_counts_every_run_where_it_computes(launched, runs_folder, monkeypatch):
    monkeypatch.setattr(dispatching, "gpus", lambda: ("cuda:0", "cuda:1"))
    devices = {}
    assert free_places(runs_folder, devices.get) == {"cuda:0": (1, 1), "cuda:1": (1, 1), "cpu": (2, 2)}
    on_cpu, on_any = new(runs_folder), new(runs_folder, "auto")
    for run in (on_cpu, on_any):
        run.starting_mark.touch()
    assert free_places(runs_folder, devices.get) == {"cuda:0": (0, 1), "cuda:1": (1, 1), "cpu": (1, 2)}
    devices[on_any] = "cuda:1"
    assert free_places(runs_folder, devices.get) == {"cuda:0": (1, 1), "cuda:1": (0, 1), "cpu": (1, 2)}
