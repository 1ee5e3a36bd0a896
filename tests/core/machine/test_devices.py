"""Devices: what is offered, what a run takes, and what is said when one is not here."""

import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import torch

from core.errors import TrainDeskError
from core.machine import cores, devices
from core.paths import HOME
from tests.helpers import assert_one_sentence

BIG_BATCH = devices.SMALL_BATCH + 1


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A computer on which nobody else trains, for this process and those it starts; the number of threads is given back."""
    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def no_accelerator(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def nvidia_smi(monkeypatch):
    """Makes the driver's tool answer with these lines, and notes what it was asked."""
    asked = []

    def answer(*lines):
        def run(command, **_):
            asked.append(command[1])
            return subprocess.CompletedProcess(command, 0, stdout="\n".join(lines) + "\n", stderr="")

        monkeypatch.setattr(devices.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
        monkeypatch.setattr(devices.subprocess, "run", run)
        return asked

    return answer


@pytest.fixture
def gpus(monkeypatch, nvidia_smi):
    """Two GPUs, called GPU-0 and GPU-1 by the driver, with nothing in their memory."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    properties = {f"cuda:{index}": SimpleNamespace(uuid=str(index)) for index in range(2)}
    monkeypatch.setattr(torch.cuda, "get_device_properties", properties.__getitem__)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return nvidia_smi("GPU-0, 0, 1000", "GPU-1, 0, 1000")


@pytest.fixture
def set_cores(monkeypatch):
    def set_to(number):
        monkeypatch.setattr(devices, "usable_cores", lambda: number)
        monkeypatch.setattr(devices, "_own_choice_of_torch", lambda: 8)

    return set_to


def test_cpu_is_always_offered_and_found():
    assert {"auto", "cpu"} <= set(devices.list_devices())
    assert devices.resolve_device("cpu") == torch.device("cpu")


def test_automatic_without_gpu_is_the_cpu(no_accelerator):
    assert devices.resolve_device("auto") == torch.device("cpu")


def test_automatic_takes_the_first_gpu_and_a_named_one_is_obeyed(gpus):
    assert devices.resolve_device("auto") == devices.resolve_device("cuda") == torch.device("cuda:0")
    assert devices.resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(TrainDeskError, match="cuda:2"):
        devices.resolve_device("cuda:2")


def test_runs_spread_over_the_gpus_by_themselves(gpus):
    first, second, third = (devices.claim("auto", 1) for _ in range(3))
    assert [str(claim.device) for claim in (first, second, third)] == ["cuda:0", "cuda:1", "cuda:0"]
    second.release()
    assert str(devices.claim("cuda", 1).device) == "cuda:1"
    assert devices.resolve_device("auto") == devices.resolve_device("auto"), "looking takes nothing"


def test_a_named_gpu_is_obeyed_and_seen_by_the_next(gpus):
    with devices.claim("cuda:0", 1), devices.claim("cuda:0", 1):
        assert str(devices.resolve_device("auto")) == "cuda:1"
    assert str(devices.resolve_device("auto")) == "cuda:0"


OTHER = """
import sys
from core.machine import cores
kept = cores.take_gpu(["GPU-0"])
print("taken", flush=True)
sys.stdin.read()
"""


def test_a_gpu_that_another_process_trains_on_is_passed_over(gpus):
    command = [sys.executable, "-c", OTHER]
    other = subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"taken\n"
        assert str(devices.resolve_device("auto")) == "cuda:1"
    finally:
        other.kill()
        other.communicate()
    assert str(devices.resolve_device("auto")) == "cuda:0"


def test_a_gpu_whose_memory_others_use_is_taken_last(gpus, nvidia_smi):
    nvidia_smi("GPU-0, 101, 1000", "GPU-1, 99, 1000")
    assert str(devices.resolve_device("auto")) == "cuda:1"
    nvidia_smi("GPU-1, 900, 1000", "GPU-0, 99, 1000")
    assert str(devices.resolve_device("auto")) == "cuda:0"
    nvidia_smi("GPU-0, [N/A], [N/A]", "nonsense")
    assert str(devices.resolve_device("auto")) == "cuda:0"


def test_a_free_crowded_gpu_is_better_than_one_with_a_run_of_ours(gpus, nvidia_smi):
    nvidia_smi("GPU-0, 999, 1000", "GPU-1, 0, 1000")
    assert str(devices.resolve_device("auto")) == "cuda:1"
    with devices.claim("auto", 1) as first, devices.claim("auto", 1) as second:
        assert {str(first.device), str(second.device)} == {"cuda:0", "cuda:1"}


def test_the_memory_is_not_asked_for_where_there_is_no_choice(gpus, monkeypatch):
    devices.resolve_device("cuda:1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    devices.resolve_device("auto")
    assert gpus == []


def test_without_names_that_hold_everywhere_the_numbers_do(gpus, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda gpu: SimpleNamespace())
    with devices.claim("auto", 1) as claim:
        assert str(claim.device) == "cuda:0"
        assert str(devices.resolve_device("auto")) == "cuda:1"


@pytest.mark.parametrize("wanted", ["cuda", "cuda:3", "mps"])
def test_a_device_that_is_not_here_names_those_that_are(wanted, no_accelerator):
    with pytest.raises(TrainDeskError) as caught:
        devices.resolve_device(wanted)
    assert_one_sentence(str(caught.value), "is not here", "cpu")


def test_a_claim_that_fails_takes_nothing(no_accelerator):
    with pytest.raises(TrainDeskError):
        devices.claim("cuda:3", 1)
    assert devices.claim("cpu", 1).others == 0


def test_gpus_are_listed_by_name(nvidia_smi, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    nvidia_smi("GPU-8f, Big GPU", "GPU-9a, Small GPU")
    found = devices.list_devices()
    assert (found["cuda:0"], found["cuda:1"]) == ("GPU 0: Big GPU", "GPU 1: Small GPU")


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("1", ["Small GPU"]),
        ("1,0", ["Small GPU", "Big GPU"]),
        ("GPU-9a", ["Small GPU"]),
        ("", []),
        ("-1", []),
        ("0,7,1", ["Big GPU"]),
    ],
)
def test_only_gpus_that_a_run_will_see_are_listed(nvidia_smi, monkeypatch, visible, names):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    nvidia_smi("GPU-8f, Big GPU", "GPU-9a, Small GPU")
    found = devices.list_devices()
    assert {key: text for key, text in found.items() if key.startswith("cuda")} == {
        f"cuda:{index}": f"GPU {index}: {name}" for index, name in enumerate(names)
    }


def test_a_broken_driver_tool_hides_the_gpus(monkeypatch):
    def broken(*_, **__):
        raise subprocess.CalledProcessError(9, "nvidia-smi")

    monkeypatch.setattr(devices.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(devices.subprocess, "run", broken)
    assert not any(name.startswith("cuda") for name in devices.list_devices())


def test_small_batches_get_one_thread_and_large_ones_an_even_share(set_cores):
    set_cores(8)
    assert devices.choose_threads(32 * 8 * 8) == 1 == torch.get_num_threads()
    assert devices.choose_threads(64 * 28 * 28) == 8 == torch.get_num_threads()
    assert [devices.choose_threads(BIG_BATCH, others) for others in (1, 2, 7, 8, 20)] == [4, 2, 1, 1, 1]
    assert torch.get_num_threads() == 1
    set_cores(20)
    assert devices.choose_threads(BIG_BATCH) == 8, "not more than torch's own choice: one for each whole core"


def test_the_second_run_gets_half_and_says_how_many_others_there_are(set_cores):
    set_cores(6)
    with devices.claim("cpu", BIG_BATCH) as first:
        assert (first.threads, first.others) == (6, 0)
        with devices.claim("cpu", BIG_BATCH) as second:
            assert (second.threads, second.others) == (3, 1) == (torch.get_num_threads(), 1)
    assert devices.claim("cpu", BIG_BATCH).others == 0


def test_a_run_that_goes_on_keeps_its_number_of_threads(set_cores):
    set_cores(6)
    with devices.claim("cpu", BIG_BATCH), devices.claim("cpu", BIG_BATCH, threads=5) as resumed:
        assert resumed.threads == 5 == torch.get_num_threads()


def test_a_claim_holds_until_it_is_released_from_any_thread():
    claim = devices.claim("cpu", 1)
    assert devices.claim("cpu", 1).others == 1
    thread = threading.Thread(target=claim.release)
    thread.start()
    thread.join()
    assert devices.claim("cpu", 1).others == 0
