"""What an epoch takes on the processor and on a GPU, tried before a run begins."""

import pytest
import torch

from core.machine import cores
from core.runs.measured import Measured
from core.training import device_choice
from core.training.device_choice import CONTEXT, measure
from tests.helpers import quick_config


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(device_choice, "SECONDS", 0.01)


def test_both_are_measured_by_real_steps_and_leave_no_trace(monkeypatch):
    """The CPU stands for the GPU too: the same steps, called by its name."""
    devices, seconds_by_sample = [], device_choice.seconds_by_sample

    def on_cpu(config, *rest):
        devices.append(config.training.device)
        return seconds_by_sample(config.with_changes({"training.device": "cpu"}), *rest)

    monkeypatch.setattr(device_choice, "seconds_by_sample", on_cpu)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    found = measure(quick_config(epochs=50, training={"device": "auto"}), "mps")
    assert devices == ["mps", "cpu"] and 0 < found.processor < 60 and 0 < found.gpu < 60
    assert torch.equal(before, torch.get_rng_state()) and torch.get_num_threads() == threads


def test_the_memory_is_that_of_torch_its_libraries_and_the_pictures(monkeypatch):
    monkeypatch.setattr(device_choice, "seconds_by_sample", lambda *_: 2.0)
    for name in ("reset_peak_memory_stats", "empty_cache"):
        monkeypatch.setattr(torch.cuda, name, lambda *_: None)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: 1000)
    info = quick_config().dataset.info()
    assert measure(quick_config(), "cuda:0") == Measured(
        2.0, 2.0, 1000 + CONTEXT + 64 * (info.train_images + info.test_images)
    )


def test_what_is_far_too_large_for_a_processor_is_not_tried_there(monkeypatch):
    monkeypatch.setattr(device_choice, "seconds_by_sample", lambda *_: pytest.fail("it was tried"))
    large = quick_config(architecture={"name": "resnet18", "weights": "random"}, batch_size=512)
    assert measure(large, "mps") == Measured()


def test_what_fails_there_is_left_to_the_run_to_say(monkeypatch):
    def fail(*_):
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(device_choice, "seconds_by_sample", fail)
    assert measure(quick_config(), "mps") == Measured()
