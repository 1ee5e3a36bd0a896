"""Where a run computes, and what its log says of that."""

import pytest

from core.machine import cores, devices, trial
from core.runs.assignment import Assignment, assign, assignment_of
from core.runs.measured import Measured
from core.runs.store import create_run
from core.training import device_choice
from core.workers import worker
from tests.helpers import assert_one_sentence, quick_config


@pytest.fixture
def one_gpu(monkeypatch, tmp_path):
    """A computer on which torch sees a GPU; what it says when it computes there is to be filled in."""
    said = {"problem": ""}
    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(devices, "gpus_here", lambda: ["cuda:0"])
    for module in (devices, trial):
        monkeypatch.setattr(module, "problem_on", lambda gpu: said["problem"])
    return said


def trained(runs_folder, data_folder, **training):
    run = create_run(quick_config(epochs=1, training={"device": "auto"} | training), runs_folder)
    end = worker.work(run, data_folder)
    log, _ = run.events()
    notices = [event["message"] for event in log if event["event"] == "notice"]
    return end, next((event["device"] for event in log if event["event"] == "started"), ""), notices


def test_a_network_that_is_faster_on_the_cpu_trains_there_and_the_log_says_why(
    one_gpu, runs_folder, data_folder, monkeypatch
):
    monkeypatch.setattr(device_choice, "measure", lambda config, gpu: Measured(1.0, 1.3))
    end, device, notices = trained(runs_folder, data_folder)
    assert (end["event"], device) == ("finished", "cpu")
    assert notices == ["Device automatic: the CPU, a GPU would take 1.3 times as long."]


def test_where_torch_cannot_compute_on_the_gpu_the_cpu_trains_and_the_log_says_what_to_install(
    one_gpu, runs_folder, data_folder
):
    one_gpu["problem"] = "CUDA error: no kernel image is available for execution on the device"
    end, device, notices = trained(runs_folder, data_folder)
    assert (end["event"], device) == ("finished", "cpu")
    assert_one_sentence(notices[0], "not built for it", "install", "until then it trains on the CPU")
    end, _, _ = trained(runs_folder, data_folder, device="cuda:0")
    assert end["event"] == "failed" and "not built for it" in end["message"]


def test_a_worker_from_the_queue_goes_by_what_it_was_given_and_one_without_it_does_not(
    one_gpu, runs_folder, data_folder, monkeypatch
):
    given = []

    class Session:
        def __init__(self, *arguments):
            given.append(arguments[-1])

        def train(self):
            return "Done."

    monkeypatch.setattr(worker, "TrainingSession", Session)
    for is_a_process in (True, False):
        run = create_run(quick_config(), runs_folder)
        assign(run.folder, Assignment(["cuda:0"], ["GPU-7"]))
        worker.work(run, data_folder, is_a_process=is_a_process)
        assert assignment_of(run.folder).devices == ["cuda:0"]
    assert given == [["GPU-7"], []]
