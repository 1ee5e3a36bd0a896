"""Where a run computes whose device is automatic."""

import pytest

from core.machine import devices, trial
from core.runs.assignment import Assignment, assign, assignment_of
from core.runs.measured import Measured, keep_measured, measured
from core.runs.store import create_run
from core.training import device_choice
from core.workers import choosing
from core.workers.choosing import choose, forecast_choice, note_device, note_used
from tests.helpers import quick_config

CPU_IS_FASTER, GPU_IS_FASTER = Measured(1.0, 1.3, 5), Measured(12.0, 1.0, 5)


@pytest.fixture
def tried(monkeypatch):
    """A computer with two GPUs; what a measurement would find, and on which GPU each was made."""
    found = {"gpus": [], "result": GPU_IS_FASTER}
    monkeypatch.setattr(devices, "gpus_here", lambda: ["cuda:0", "cuda:1"])
    monkeypatch.setattr(devices, "gpu_uuid", lambda gpu: f"GPU-{gpu[-1]}")
    monkeypatch.setattr(trial, "problem_on", lambda gpu: "")
    monkeypatch.setattr(device_choice, "measure", lambda config, gpu: found["gpus"].append(gpu) or found["result"])
    return found


def new(runs_folder, **training):
    return create_run(quick_config(training={"device": "auto"} | training), runs_folder)


def chosen(run, given=(), goes_on=False):
    return choose(run, run.config(), list(given), goes_on)


@pytest.mark.parametrize(
    ("result", "device", "words"),
    [
        (CPU_IS_FASTER, "cpu", "Device automatic: the CPU, a GPU would take 1.3 times as long."),
        (GPU_IS_FASTER, "auto", "Device automatic: a GPU, the CPU would take 12 times as long."),
        (Measured(1.0, 1.05), "auto", "Device automatic: a GPU, the CPU would take about as long."),
        (Measured(), "auto", ""),
    ],
)
def test_the_faster_one_is_chosen_by_a_measurement_and_the_log_says_so(result, device, words, tried, runs_folder):
    tried["result"] = result
    assert chosen(new(runs_folder)) == (device, words)
    assert tried["gpus"] == ["cuda:0"]
    again = chosen(new(runs_folder))
    assert again == (device, words) and len(tried["gpus"]) == (1 if result.gpu else 2), "it is kept for the network"


def test_it_is_measured_on_the_gpu_that_was_given(tried, runs_folder):
    chosen(new(runs_folder), given=["GPU-1"])
    assert tried["gpus"] == ["cuda:1"]


def test_whoever_gave_a_gpu_knowing_that_the_cpu_is_faster_is_obeyed(tried, runs_folder):
    run = new(runs_folder)
    keep_measured(runs_folder, run.config(), CPU_IS_FASTER)
    device, words = chosen(run, given=["GPU-0"])
    assert device == "auto" and "no place on the faster CPU was free" in words
    assert chosen(run, given=["cpu"])[0] == "cpu"


def test_a_run_that_goes_on_stays_on_its_kind_of_device(tried, runs_folder):
    run = new(runs_folder)
    keep_measured(runs_folder, run.config(), GPU_IS_FASTER)
    assert chosen(run, goes_on=True) == ("auto", "")
    assign(run.folder, Assignment(["cpu"]))
    assert chosen(run, goes_on=True) == ("cpu", "")
    assert chosen(run)[0] == "auto", "when it begins anew it is chosen"


@pytest.mark.parametrize("training", [{"device": "cuda"}, {"device": "cpu"}, {"devices": 2}])
def test_what_was_asked_for_by_name_is_not_measured(training, tried, runs_folder):
    run = new(runs_folder, **training)
    assert chosen(run) == (run.config().training.device, "") and not tried["gpus"]


def test_without_a_gpu_that_can_be_computed_on_nothing_is_measured(tried, runs_folder, monkeypatch):
    monkeypatch.setattr(trial, "problem_on", lambda gpu: "no kernel image")
    assert chosen(new(runs_folder)) == ("auto", "")
    monkeypatch.setattr(devices, "gpus_here", list)
    assert chosen(new(runs_folder)) == ("auto", "") and not tried["gpus"]


def test_a_forecast_is_of_the_device_that_the_run_would_get(tried, runs_folder):
    config = new(runs_folder).config()
    tried["result"] = CPU_IS_FASTER
    assert forecast_choice(runs_folder, config) == ("cpu", "automatic: the CPU, a GPU would take 1.3 times as long")
    assert chosen(new(runs_folder))[0] == "cpu" and len(tried["gpus"]) == 1, "it is measured once for both"
    assert forecast_choice(runs_folder, config.with_changes({"training.device": "cuda"})) == ("cuda", "")


def test_a_computer_without_a_gpu_keeps_no_file_of_it(runs_folder, monkeypatch):
    monkeypatch.setattr(choosing, "accelerators", list)
    run = new(runs_folder)
    note_device(run, run.config(), ("cpu",), ())
    assert not (run.folder / "device.json").exists()


def test_what_a_run_took_is_written_down_for_the_next(runs_folder):
    run = new(runs_folder)
    keep_measured(runs_folder, run.config(), Measured(1.0, 2.0, 500))
    note_device(run, run.config(), ("cuda:1",), ("GPU-1",))
    assert assignment_of(run.folder) == Assignment(["cuda:1"], ["GPU-1"], 500)
    note_used(run, run.config(), 400)
    assert measured(runs_folder, run.config()).memory == 500, "the most counts"
    note_used(run, run.config(), 700)
    assert measured(runs_folder, run.config()) == Measured(1.0, 2.0, 700)
