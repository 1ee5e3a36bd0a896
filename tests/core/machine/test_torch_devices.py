"""What torch says of the devices it can use, kept for those that must not import it."""

import sys
import time
from types import SimpleNamespace

import pytest
import torch

from core.machine import cores, devices, torch_devices
from core.machine.gpus import Gpu
from core.machine.torch_devices import Report, TorchDevice, ensure_report, problem_of_gpus, read_report
from core.settings.stored import write_stored
from tests.helpers import assert_one_sentence

NO_KERNEL = "CUDA error: no kernel image is available for execution on the device"


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A folder for temporary files in which nothing was said yet, and no GPU that the driver tells of."""
    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path))
    for name in torch_devices.VISIBLE:
        monkeypatch.delenv(name, raising=False)
    driver(monkeypatch)


def driver(monkeypatch, *gpus):
    monkeypatch.setattr(torch_devices, "visible_gpus", lambda: list(gpus))
    monkeypatch.setattr(devices, "visible_gpus", lambda: list(gpus))


def torch_said(*found, version="2.9.1+cu130", built_for="CUDA 13.0", since=None):
    path = torch_devices._file()
    write_stored(path, Report(version, built_for, time.time() if since is None else since, list(found)))


OLD = Gpu(0, "NVIDIA GeForce GTX 1080", uuid="GPU-1", capability=(6, 1), driver=13_000)
H100 = Gpu(1, "NVIDIA H100", uuid="GPU-2", memory_total=80, capability=(9, 0), driver=12_080)


def test_before_torch_was_asked_the_driver_answers(monkeypatch):
    driver(monkeypatch, H100)
    assert read_report() is None and problem_of_gpus() == ""
    assert [(each.name, each.uuid, each.memory) for each in devices.accelerators()] == [("cuda:0", "GPU-2", 80)]


def test_what_torch_said_counts_and_not_what_the_driver_has(monkeypatch):
    driver(monkeypatch, OLD, H100)
    torch_said(TorchDevice("cuda:0", "Old", "GPU-1", 8, NO_KERNEL), TorchDevice("cuda:1", "H100", "GPU-2", 80))
    assert devices.list_devices() == {"auto": "automatic", "cpu": "CPU", "cuda:1": "GPU 1: H100"}
    assert devices.most_devices() == 1
    torch_said(version="2.9.1+cpu", built_for="")
    assert list(devices.list_devices()) == ["auto", "cpu"]


def test_a_part_of_a_gpu_and_a_card_of_another_maker_are_offered_as_torch_names_them(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-7")
    torch_said(TorchDevice("cuda:0", "NVIDIA H100 MIG 1g.10gb", "MIG-7", 10))
    assert devices.list_devices()["cuda:0"] == "GPU 0: NVIDIA H100 MIG 1g.10gb"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert read_report() is None, "it was said of what that environment lets torch see"
    torch_said(TorchDevice("cuda:0", "AMD Radeon PRO W7900", "", 48), built_for="ROCm 6.4")
    assert devices.list_devices()["cuda:0"] == "GPU 0: AMD Radeon PRO W7900" and problem_of_gpus() == ""


@pytest.mark.parametrize(
    ("gpus", "found", "report", "words"),
    [
        ([H100], [], {"version": "2.9.1+cpu", "built_for": ""}, ["H100", "2.9.1", "processor alone", "whl/cu126"]),
        ([OLD], [TorchDevice("cuda:0", "x", "GPU-1", 8, NO_KERNEL)], {}, ["GTX 1080", "not built for it", "whl/cu126"]),
        ([H100], [TorchDevice("cuda:0", "x", "GPU-2", 8, "too old")], {}, ["H100", "driver is older", "whl/cu126"]),
        (
            [Gpu(0, "RTX 5090", uuid="GPU-5", capability=(12, 0), driver=13_010)],
            [TorchDevice("cuda:0", "x", "GPU-5", 8, NO_KERNEL)],
            {"version": "2.6.0", "built_for": "CUDA 12.4"},
            ["RTX 5090", "2.6.0 for CUDA 12.4", "not built for it", "whl/cu130"],
        ),
        (
            [Gpu(0, "RTX 5090", uuid="GPU-5", capability=(12, 0), driver=12_080)],
            [],
            {"version": "2.6.0+cpu", "built_for": ""},
            ["RTX 5090", "whl/cu128"],
        ),
        (
            [],
            [TorchDevice("cuda:0", "Radeon", "", 8, "HIP error: invalid device function")],
            {"built_for": "ROCm 6.4"},
            ["Radeon", "invalid device function", "pytorch.org/get-started"],
        ),
    ],
)
def test_one_sentence_says_which_gpu_is_not_used_why_and_what_to_install(gpus, found, report, words, monkeypatch):
    driver(monkeypatch, *gpus)
    torch_said(*found, **report)
    assert_one_sentence(problem_of_gpus(), *words)


def test_nothing_is_wrong_where_torch_uses_every_gpu(monkeypatch):
    driver(monkeypatch, H100)
    torch_said(TorchDevice("cuda:0", "H100", "GPU-2", 80))
    assert problem_of_gpus() == ""


@pytest.fixture
def asked(monkeypatch):
    """Processes that were started to ask torch."""
    calls = []

    def start(words, **options):
        calls.append(words)
        return SimpleNamespace(wait=lambda timeout: 0, poll=lambda: 0)

    monkeypatch.setattr(torch_devices, "start", start)
    return calls


def test_where_torch_sees_no_gpu_it_is_written_down_without_another_process(asked, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    ensure_report()
    report = read_report()
    assert (report.torch, report.built_for, report.devices) == (torch.__version__, "", []) and not asked


def test_gpus_are_tried_in_a_process_of_its_own_now_and_then(asked, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "init", lambda: pytest.fail("a context was made in this process"))
    monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: pytest.fail("a context was made in this process"))
    ensure_report()
    assert asked == [[sys.executable, "-m", "core.machine.torch_devices"]]
    torch_said(TorchDevice("cuda:0", "H100", "GPU-2", 80))
    ensure_report()
    assert len(asked) == 1, "it was asked a moment ago"
    torch_said(TorchDevice("cuda:0", "H100", "GPU-2", 80), since=time.time() - torch_devices.STAYS - 1)
    ensure_report()
    assert len(asked) == 2


def test_a_gpu_that_failed_is_tried_again_sooner(asked, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    driver(monkeypatch, OLD)
    for age, times in [(10, 0), (torch_devices.DOUBTED + 1, 1)]:
        torch_said(TorchDevice("cuda:0", "Old", "GPU-1", 8, NO_KERNEL), since=time.time() - age)
        ensure_report()
        assert len(asked) == times


def test_the_process_tells_of_every_gpu_and_what_is_wrong_with_it(monkeypatch):
    about = SimpleNamespace(name="H100", uuid="2", total_memory=80)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: about)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr("core.machine.trial.problem_on", {"cuda:0": "", "cuda:1": NO_KERNEL}.get)
    assert torch_devices.main() == 0
    first, second = read_report().devices
    assert first == TorchDevice("cuda:0", "H100", "GPU-2", 80)
    assert second.problem == NO_KERNEL and read_report().usable == [first]
