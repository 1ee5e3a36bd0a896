"""Asking a run to go on: when it may, with what, and what is left in its folder."""

import math

import pytest
from filelock import FileLock

from core.errors import TrainDeskError
from core.machine.devices import most_devices
from core.runs.events import EventWriter
from core.runs.placement import Placement, placement_of, write_placement
from core.runs.store import create_run, list_runs
from core.workers import control
from core.workers.control import ask_to_resume, check_learning_rate, missing_device
from tests.computers import joined, lost_run
from tests.helpers import assert_one_sentence, made_at, quick_config
from tests.pages.fake_runs import fake_run


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(epochs=4, title="Mine"), runs_folder)


def ended(run, kind, **values):
    writer = EventWriter(run.event_log)
    writer.write("started")
    writer.write(kind, message="It ended.", **values)
    writer.close()
    run.worker_lock.touch()


def refused(*arguments, **options):
    with pytest.raises(TrainDeskError) as caught:
        ask_to_resume(*arguments, **options)
    assert_one_sentence(str(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("end", ["paused", "stopped", "failed"])
def test_a_run_that_ended_before_its_time_is_asked_to_go_on(end, run):
    ended(run, end)
    before = run.config_file.read_bytes()
    ask_to_resume(run)
    assert run.status().name == end, "the caller starts it"
    assert run.config_file.read_bytes() == before and not run.learning_rate_request.exists()


def test_a_run_whose_worker_died_is_asked_to_go_on(run):
    EventWriter(run.event_log).write("started")
    run.worker_lock.touch()
    assert run.status().name == "interrupted"
    ask_to_resume(run)


@pytest.mark.parametrize("options", [{}, {"more_epochs": 2}, {"learning_rate": 0.1}])
def test_a_run_that_is_being_trained_is_left_alone(options, run):
    EventWriter(run.event_log).write("started")
    before = sorted(path.name for path in run.folder.iterdir())
    with FileLock(run.worker_lock, thread_local=False):
        assert "is being trained; pause or stop it first" in refused(run, **options)
    assert sorted(path.name for path in run.folder.iterdir()) in (before, [*before, "worker.lock"])
    assert run.config().training.epochs == 4


def test_a_run_that_waits_or_begins_is_refused(run):
    ended(run, "paused")
    run.queue_place.touch()
    assert "waits in the queue already" in refused(run)
    run.starting_mark.touch()
    assert "is being trained" in refused(run)


def test_a_finished_run_needs_more_epochs(run):
    ended(run, "finished")
    assert "has trained all its 4 epochs; add more epochs" in refused(run)
    ask_to_resume(run, more_epochs=5)
    assert run.config() == quick_config(epochs=9, title="Mine")


def test_more_epochs_leave_the_run_in_its_place_in_the_list(run, runs_folder):
    made_at(run, 1_000_000)
    newer = create_run(quick_config(), runs_folder)
    ended(run, "finished")
    ask_to_resume(run, more_epochs=1)
    assert list_runs(runs_folder) == [newer, run] and run.created() == 1_000_000


@pytest.mark.parametrize(
    ("more", "words"), [(-1, "More epochs is -1; it must be at least 1"), (20_000, "Epochs is 20004")]
)
def test_a_wrong_number_of_epochs_is_one_sentence_and_changes_nothing(more, words, run):
    ended(run, "finished")
    before = run.config_file.read_bytes()
    assert words in refused(run, more_epochs=more)
    assert run.config_file.read_bytes() == before and run.status().name == "finished"


def test_a_learning_rate_is_left_for_the_worker(run):
    ended(run, "paused")
    ask_to_resume(run, learning_rate=0.05)
    assert float(run.learning_rate_request.read_text()) == 0.05


@pytest.mark.parametrize("value", [0, -1, 11, math.nan, math.inf])
def test_a_wrong_learning_rate_is_one_sentence_and_changes_nothing(value, run):
    ended(run, "paused")
    assert "Learning rate is" in refused(run, learning_rate=value, more_epochs=3)
    with pytest.raises(TrainDeskError) as caught:
        check_learning_rate(run.config(), value)
    assert_one_sentence(str(caught.value), "a number above 0, at most 10")
    assert run.config().training.epochs == 4
    assert not run.learning_rate_request.exists()


def test_what_was_asked_before_does_not_end_it_again(run):
    ended(run, "paused")
    run.request_stop()
    run.request_pause()
    ask_to_resume(run)
    assert not run.stop_request.exists() and not run.pause_request.exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(run, monkeypatch):
    ended(run, "finished")

    def full(run, config, created):
        raise OSError(28, "No space left on device", str(run.config_file))

    monkeypatch.setattr(control, "write_config", full)
    assert "No space left on device" in refused(run, more_epochs=1)
    assert run.status().name == "finished"


def test_a_damaged_config_is_one_sentence(run):
    ended(run, "paused")
    run.config_file.write_text("{")
    refused(run)


def test_another_device_is_kept_in_the_config_and_one_that_makes_no_sense_refused(run):
    ended(run, "paused")
    created = run.created()
    ask_to_resume(run, device="cuda:1")
    assert run.config().training.device == "cuda:1" and run.created() == created
    assert "Device is 'toaster'" in refused(run, device="toaster")
    assert run.config().training.device == "cuda:1" and run.config().training.epochs == 4


def test_a_lost_run_is_taken_from_its_computer(runs_folder):
    run = lost_run(runs_folder)
    ask_to_resume(run)
    now = placement_of(run.folder)
    assert now.computer == "" and now.generation > 7 and not now.is_elsewhere
    assert run.status().name == "interrupted"


def test_a_run_whose_files_are_on_their_way_waits_for_them(runs_folder):
    run = fake_run(runs_folder, "paused")
    write_placement(run.folder, Placement("lab-3", 7))
    assert "out of touch" in refused(run)
    joined(runs_folder, "lab-3")
    assert "on their way" in refused(run)
    assert "on their way" in refused(run, computer="here")
    write_placement(run.folder, Placement("lab-3", 7, settled=True))
    ask_to_resume(run)
    assert placement_of(run.folder).computer == "lab-3", "whoever starts it says where"


def test_a_run_out_of_touch_goes_on_only_where_someone_says(runs_folder):
    run = fake_run(runs_folder, "interrupted")
    write_placement(run.folder, Placement("lab-3", 7))
    assert "is on lab-3, which is out of touch" in refused(run)
    ask_to_resume(run, computer="here")
    assert placement_of(run.folder).computer == ""


def test_a_run_that_came_back_meanwhile_is_not_taken(runs_folder, monkeypatch):
    run = lost_run(runs_folder)
    looks = iter([run.status()])
    status = type(run).status
    monkeypatch.setattr(type(run), "status", lambda self: next(looks, None) or status(self))
    with FileLock(run.worker_lock):
        assert "is back in touch" in refused(run)
    assert placement_of(run.folder).generation == 7


def test_a_run_of_several_devices_goes_on_with_as_many_as_are_here_or_as_asked(runs_folder, monkeypatch):
    monkeypatch.setenv("TRAINDESK_CPU_DEVICES", "2")
    run = create_run(quick_config(epochs=4, training={"devices": 3}), runs_folder)
    ended(run, "paused")
    ask_to_resume(run)
    assert run.config().training.devices == 3, "as before; its worker says what is missing"
    ask_to_resume(run, device="auto")
    assert run.config().training.devices == min(3, most_devices("auto"))
    ask_to_resume(run, devices=1)
    assert run.config().training.devices == 1
    assert "Devices at once is -1" in refused(run, devices=-1)


def test_a_run_whose_device_is_not_here_goes_on_where_automatic_chooses(runs_folder, monkeypatch):
    monkeypatch.setattr(control, "list_devices", lambda: {"auto": "automatic", "cpu": "CPU", "cuda:0": "GPU 0: H100"})
    gone, here = (create_run(quick_config(training={"device": name}), runs_folder) for name in ("cuda:3", "cuda"))
    for run in (gone, here):
        ended(run, "paused")
    assert_one_sentence(missing_device(gone.config()), "cuda:3", "GPU 0: H100")
    ask_to_resume(gone)
    ask_to_resume(here)
    assert (gone.config().training.device, here.config().training.device) == ("auto", "cuda")
    assert missing_device(gone.config()) == missing_device(here.config()) == ""
