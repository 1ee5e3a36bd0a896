"""Who may start: room on the CPU and on GPUs, the queue's order, tries that come to nothing."""

import pytest

from core.errors import TrainDeskError
from core.machine.torch_devices import TorchDevice
from core.runs import measured as measuring
from core.runs.assignment import Assignment, assign, assignment_of
from core.runs.companion import learn_in_step
from core.runs.measured import Measured, keep_measured
from core.runs.metadata import read_metadata
from core.runs.queue import enqueue, read_queued_run, waiting
from core.runs.store import create_run
from core.workers import dispatch as dispatching
from core.workers.dispatch import (
    cpu_runs,
    dispatch,
    free_places,
    set_cpu_runs,
    set_gpu_runs,
    slots,
    submit,
)
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


CARDS = (TorchDevice("cuda:0", "Big", "GPU-a", 80_000), TorchDevice("cuda:1", "Big", "GPU-b", 80_000))


@pytest.fixture
def cards(launched, monkeypatch):
    """Two GPUs on which nobody else computes, and two places on the CPU."""
    monkeypatch.setattr(dispatching, "gpus", lambda: ("cuda:0", "cuda:1"))
    monkeypatch.setattr(dispatching, "accelerators", lambda: CARDS)
    monkeypatch.setattr(measuring, "accelerators", lambda: CARDS)
    monkeypatch.setattr(dispatching, "least_used", sorted)
    return launched


def given(run):
    return assignment_of(run.folder).given


def test_the_worker_is_told_its_gpu_by_uuid_and_the_next_run_does_not_get_it(cards, runs_folder, tmp_path):
    any_gpu, first, other = new(runs_folder, "auto"), new(runs_folder, "cuda:0"), new(runs_folder, "cuda")
    assert [submit(run, tmp_path) for run in (any_gpu, first, other)] == [True, False, True]
    assert (given(any_gpu), given(other)) == (["GPU-a"], ["GPU-b"])
    any_gpu.starting_mark.unlink()
    any_gpu.queue_place.unlink()
    assert dispatch(runs_folder, tmp_path).started == [first] and given(first) == ["GPU-a"]


def test_what_a_worker_took_for_itself_is_nobody_elses(cards, runs_folder, tmp_path):
    chose, last = new(runs_folder, "auto"), new(runs_folder, "auto")
    with running(chose):
        assign(chose.folder, Assignment(["cuda:0"], ["GPU-a"]))
        submit(last, tmp_path)
    assert given(last) == ["GPU-b"]


def test_a_gpu_that_others_use_is_given_last(cards, runs_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(dispatching, "least_used", lambda free: sorted(free, reverse=True))
    run = new(runs_folder, "auto")
    submit(run, tmp_path)
    assert given(run) == ["GPU-b"]


def know(runs_folder, run, **what):
    keep_measured(runs_folder, run.config(), Measured(**what))


def test_small_runs_of_which_that_is_known_share_the_gpus(cards, runs_folder, tmp_path):
    runs = [new(runs_folder, "auto") for _ in range(5)]
    know(runs_folder, runs[0], memory=10_000)
    set_gpu_runs(runs_folder, 2)
    assert [submit(run, tmp_path) for run in runs] == [True] * 4 + [False]
    assert [given(run)[0] for run in runs[:4]] == ["GPU-a", "GPU-b"] * 2
    assert slots(runs_folder, "auto", runs[0].config()) == 4 and slots(runs_folder, "auto") == 2


def test_a_run_that_is_faster_on_the_cpu_is_given_it_and_goes_on_there(cards, runs_folder, tmp_path):
    runs = [new(runs_folder, "auto") for _ in range(3)]
    know(runs_folder, runs[0], processor=1.0, gpu=3.0)
    for run in runs:
        submit(run, tmp_path)
    assert [given(run) for run in runs] == [["cpu"], ["cpu"], ["GPU-a"]]
    goes_on = new(runs_folder, "auto")
    know(runs_folder, goes_on, processor=3.0, gpu=1.0)
    assign(goes_on.folder, Assignment(["cpu"]))
    goes_on.last.write_bytes(b"")
    assert dispatching.wish_of(goes_on).device == "cpu"


@pytest.mark.parametrize("number", [0, 9])
def test_a_wrong_number_that_share_a_gpu_is_one_sentence(number, runs_folder):
    with pytest.raises(TrainDeskError) as caught:
        set_gpu_runs(runs_folder, number)
    assert_one_sentence(str(caught.value), str(number), "from 1 to 8")
