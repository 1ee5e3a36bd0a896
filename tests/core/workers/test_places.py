"""Which computer a run that waits is given to, by the files of those that have joined."""

import json
import os

import pytest
from filelock import FileLock

from benchmarks.nodes import SECONDS, decisions, spread
from core.errors import TrainDeskError
from core.nodes.registry import HERE, remove_node, set_takes_no_runs
from core.runs.companion import learn_in_step
from core.runs.events import EventWriter
from core.runs.placement import Placement, placement_of, write_placement
from core.runs.queue import enqueue, read_queued_run, send
from core.runs.store import create_run
from core.workers import dispatch as dispatching
from core.workers.dispatch import dispatch, submit
from core.workers.places import check_devices
from core.workers.room import Room, Wish
from tests.computers import away, joined
from tests.helpers import assert_one_sentence, quick_config

SLOWED = 2  # times that a crowded computer needs for the same


@pytest.fixture(autouse=True)
def launched(monkeypatch):
    """Runs that would have got a worker here, where one may train at once."""
    runs = []

    def launch(run, data_folder):
        run.starting_mark.touch()
        runs.append(run)

    monkeypatch.setattr(dispatching, "launch", launch)
    monkeypatch.setattr(dispatching, "start_detached", lambda *_, **__: None)
    monkeypatch.setattr(dispatching, "gpus", lambda: ())
    monkeypatch.setattr(dispatching, "cpu_runs", lambda runs_folder: 1)
    return runs


def new(runs_folder, device="auto", **settings):
    return create_run(quick_config(**settings, training={"device": device}), runs_folder)


def computer_of(run):
    return placement_of(run.folder).computer


def begun_on(runs_folder, computer, rate, **settings):
    """A run that trained there at so many images a second."""
    run = new(runs_folder, **settings)
    log = EventWriter(run.event_log)
    log.write("step", step=1, images_per_second=float(rate))
    log.write("stopped", message="Stopped.")
    log.close()
    if computer:
        write_placement(run.folder, Placement(computer, 1, settled=True))


def test_a_run_for_which_there_is_no_room_here_goes_to_a_computer_that_joined(launched, runs_folder, tmp_path):
    joined(runs_folder, "lab-3")
    runs = [new(runs_folder) for _ in range(3)]
    assert [submit(run, tmp_path) for run in runs] == [True, True, False]
    assert launched == runs[:1] and [computer_of(run) for run in runs] == ["", "lab-3", ""]
    assert [run.status().name for run in runs] == ["starting", "starting", "queued"]
    assert placement_of(runs[1].folder).generation > 0 and read_queued_run(runs[1]).launches == 1


def test_the_mark_of_a_placed_run_names_the_desk(runs_folder, tmp_path):
    node = joined(runs_folder)
    (runs_folder / ".traindesk" / "nodes" / "desk").write_text(json.dumps({"address": "tls://x", "pid": os.getpid()}))
    run = new(runs_folder)
    submit(run, tmp_path, computer=node.name)
    assert json.loads(run.starting_mark.read_text())["pid"] == os.getpid()


def test_a_faster_computer_comes_first_and_equal_ones_share(launched, runs_folder, tmp_path):
    joined(runs_folder, "fast", speed=2.0, cpu_runs=2)
    joined(runs_folder, "slow", speed=0.5, cpu_runs=2)
    runs = [new(runs_folder) for _ in range(4)]
    for run in runs:
        submit(run, tmp_path)
    assert [computer_of(run) for run in runs] == ["fast", "fast", "", "slow"]  # two at once leave it 1.33 times as fast


def test_a_run_that_goes_on_stays_where_its_files_are(runs_folder, tmp_path):
    for name in ("a", "b"):
        joined(runs_folder, name, cpu_runs=2)
    went_on = new(runs_folder)
    write_placement(went_on.folder, Placement("b", 1, settled=True))
    went_on.last.write_bytes(b"so far")
    submit(went_on, tmp_path)
    assert computer_of(went_on) == "b"
    joined(runs_folder, "fast", speed=3.0)
    faster = new(runs_folder)
    write_placement(faster.folder, Placement("b", 1, settled=True))
    faster.last.write_bytes(b"so far")
    submit(faster, tmp_path)
    assert computer_of(faster) == "fast"


def test_equal_computers_get_a_run_each_before_one_gets_two(runs_folder, tmp_path):
    for name in ("a", "b", "c"):
        joined(runs_folder, name, cpu_runs=2)
    runs = [new(runs_folder) for _ in range(7)]
    for run in runs:
        submit(run, tmp_path)
    assert [computer_of(run) for run in runs] == ["", "a", "b", "c", "a", "b", "c"]


def test_what_trained_there_before_counts_more_than_what_was_measured(runs_folder, tmp_path):
    joined(runs_folder, "a", speed=3.0)
    joined(runs_folder, "b", speed=1.0)
    begun_on(runs_folder, "a", 500)
    begun_on(runs_folder, "b", 2000)
    begun_on(runs_folder, "a", 9000, batch_size=32)  # another kind
    run = new(runs_folder)
    submit(run, tmp_path)
    assert computer_of(run) == "b"


def test_a_computer_without_a_record_is_reckoned_from_those_with_one(launched, runs_folder, tmp_path):
    joined(runs_folder, "a", speed=1.5)
    begun_on(runs_folder, "", 1000)
    run = new(runs_folder)
    submit(run, tmp_path)
    assert computer_of(run) == "a" and not launched


def test_a_run_of_a_gpu_goes_where_one_is_and_takes_it(runs_folder, tmp_path):
    joined(runs_folder, "cpu-box", speed=9.0, cpu_runs=4)
    joined(runs_folder, "gpu-box", gpus=["A100", "A100"])
    runs = [new(runs_folder, "cuda") for _ in range(3)]
    assert [submit(run, tmp_path) for run in runs] == [True, True, False]
    assert [computer_of(run) for run in runs[:2]] == ["gpu-box"] * 2


@pytest.mark.parametrize("device", ["cuda:0", "mps"])
def test_a_device_of_this_computer_keeps_a_run_here(runs_folder, tmp_path, device):
    joined(runs_folder, "gpu-box", speed=9.0, gpus=["A100"])
    submit(run := new(runs_folder, device), tmp_path)
    assert computer_of(run) == ""


def test_runs_in_step_stay_here(launched, runs_folder, tmp_path):
    joined(runs_folder, speed=9.0, cpu_runs=4)
    one, two = new(runs_folder), new(runs_folder)
    learn_in_step(one, two)
    learn_in_step(two, one)
    assert submit(one, tmp_path) and submit(two, tmp_path)
    assert launched == [one, two]


def test_a_run_waits_for_the_computer_that_people_ask_for(launched, runs_folder, tmp_path):
    away(runs_folder, "lab-3")
    joined(runs_folder, "lab-4")
    waits, here = new(runs_folder), new(runs_folder)
    assert not submit(waits, tmp_path, computer="lab-3")
    assert submit(here, tmp_path, computer=HERE) and launched == [here]
    assert not dispatch(runs_folder, tmp_path).started
    joined(runs_folder, "lab-3")
    assert dispatch(runs_folder, tmp_path).started == [waits] and computer_of(waits) == "lab-3"


@pytest.mark.parametrize("why", ["away", "closed", "removed", "ill", "busy"])
def test_a_computer_that_takes_no_runs_gets_none(launched, runs_folder, tmp_path, why):
    more = {"away": {"seen": 1.0}, "ill": {"problem": "Its disk is full."}, "busy": {"runs": ["one-of-another-desk"]}}
    joined(runs_folder, **more.get(why, {}))
    if why == "closed":
        set_takes_no_runs(runs_folder, "lab-3", True)
    if why == "removed":
        remove_node(runs_folder, "lab-3")
    runs = [new(runs_folder), new(runs_folder)]
    assert [submit(run, tmp_path) for run in runs] == [True, False]
    assert launched == runs[:1]


def test_a_run_that_trains_elsewhere_takes_no_place_here(launched, runs_folder, tmp_path):
    joined(runs_folder)
    there, here = new(runs_folder), new(runs_folder)
    submit(there, tmp_path, computer="lab-3")
    there.starting_mark.unlink()
    there.queue_place.unlink()
    with FileLock(there.worker_lock):  # the desk's, for it
        submit(here, tmp_path)
        submit(waits := new(runs_folder), tmp_path)
    assert launched == [here] and waits.status().name == "queued"


def test_a_run_that_waits_for_a_computer_out_of_touch_is_started_once_it_is_sent_here(launched, runs_folder, tmp_path):
    away(runs_folder, "lab-3")
    enqueue(run := new(runs_folder), computer="lab-3")
    dispatch(runs_folder, tmp_path)
    assert launched == []
    send(run, HERE)
    dispatch(runs_folder, tmp_path)
    assert launched == [run]


def test_a_run_that_comes_home_shuts_out_whoever_had_it(launched, runs_folder, tmp_path):
    run = new(runs_folder)
    write_placement(run.folder, Placement("lab-3", 7, 1.0, settled=True))
    submit(run, tmp_path)
    assert launched == [run]
    assert placement_of(run.folder).computer == "" and placement_of(run.folder).generation > 7


def test_a_run_that_never_left_has_no_placement(launched, runs_folder, tmp_path):
    submit(run := new(runs_folder), tmp_path)
    assert launched == [run] and not (run.folder / "placement.json").exists()


def test_a_desk_that_takes_no_run_is_asked_three_times(runs_folder, tmp_path):
    joined(runs_folder)
    run = new(runs_folder)
    enqueue(run, computer="lab-3")
    generations = []
    for _ in range(3):
        assert dispatch(runs_folder, tmp_path).started == [run]
        generations.append(placement_of(run.folder).generation)
        run.starting_mark.unlink()  # as if the desk had died
    dispatch(runs_folder, tmp_path)
    assert generations == sorted(set(generations))
    assert run.status().name == "failed" and computer_of(run) == ""
    assert_one_sentence(run.status().reason)


def test_a_placed_run_that_cannot_be_written_stays_in_the_queue(runs_folder, tmp_path, monkeypatch):
    joined(runs_folder)
    run = new(runs_folder)
    enqueue(run, computer="lab-3")
    (run.folder / "placement.json").mkdir()
    [problem] = dispatch(runs_folder, tmp_path).problems.values()
    assert_one_sentence(str(problem), "cannot be given to lab-3")
    assert run.status().name == "queued"


def test_places_of_gpus_and_of_the_processor_are_counted_apart():
    room = Room(1, ("cuda:0", "cuda:1"))
    assert room.take(Wish("cuda:1")) and room.take(Wish("auto")) and not room.take(Wish("cuda")) and not room.is_full()
    assert room.take(Wish("cpu")) and room.is_full() and not room.fits(Wish("cpu"))


def test_each_more_on_a_processor_counts_it_slower():
    room = Room(2, ())
    shares = [room.share("auto"), room.take(Wish("auto")) and room.share("auto")]
    assert shares == [1.0, pytest.approx(2 / 3)]


def test_a_sweep_on_three_equal_computers_ends_in_less_than_half_the_time():
    """By simulation, with lengths of runs as they were recorded: the decisions are the dispatcher's."""
    alone, together = spread([1.0])[0], spread([1.0, 1.0, 1.0])
    assert together[0] <= 0.45 * alone
    assert sorted(together[1].values()) == [4, 4, 4]


def test_a_slower_computer_gets_fewer_runs():
    seconds, got = spread([2.0, 1.0, 0.5])
    assert got["lab-1"] > got["lab-2"] > got["lab-3"] > 0
    assert seconds <= 1.4 * sum(SECONDS) / 3.5  # what no order could beat, and a run at the end


def test_among_two_hundred_computers_the_next_place_is_found_fast():
    used = [seconds for _, seconds in decisions(200, 10, 4)]
    assert min(used) < 0.05 * SLOWED  # seconds of the processor; others who use it slow it down too


@pytest.mark.parametrize(
    ("computer", "wanted", "said"),
    [
        ("", ("auto", 2), ""),
        ("lab-3", ("cuda", 2), ""),
        ("", ("auto", 3), "this computer has"),
        (HERE, ("auto", 2), "this computer has"),
        ("lab-3", ("auto", 3), "lab-3 has 2"),
        ("", ("cuda:1", 2), "names cuda:1 alone"),
    ],
)
def test_several_devices_at_once_must_be_somewhere(runs_folder, computer, wanted, said):
    joined(runs_folder, "lab-3", gpus=["A100", "A100"])
    if not said:
        check_devices(runs_folder, computer, [("auto", 1), wanted])
        return
    with pytest.raises(TrainDeskError) as caught:
        check_devices(runs_folder, computer, [wanted])
    assert_one_sentence(str(caught.value), f"Devices at once is {wanted[1]}", said)


def test_a_run_on_two_devices_goes_where_two_are(launched, runs_folder, tmp_path):
    joined(runs_folder, "lab-3", gpus=["A100"])
    joined(runs_folder, "lab-4", gpus=["A100", "A100"])
    run = create_run(quick_config(training={"device": "auto", "devices": 2}), runs_folder)
    assert submit(run, tmp_path)
    assert computer_of(run) == "lab-4"
