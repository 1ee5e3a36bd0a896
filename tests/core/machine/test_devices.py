"""Devices: what is offered, what a run takes, and what is said when one is not here."""

import os
import subprocess
import sys
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
import torch

from core.errors import TrainDeskError
from core.machine import cores, devices
from core.machine.gpus import Gpu
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
def driver(monkeypatch):
    """Makes the driver tell of these GPUs: (UUID, bytes in use, bytes in all) each; notes how often it was asked."""
    asked = []

    def answer(*told):
        gpus = [Gpu(index, f"GPU {uuid}", None, used, most, uuid=uuid) for index, (uuid, used, most) in enumerate(told)]
        monkeypatch.setattr(devices, "visible_gpus", lambda: gpus)
        monkeypatch.setattr(devices, "read_gpus", lambda: asked.append(1) or gpus)
        return asked

    return answer


@pytest.fixture
def broken():
    """GPU -> what torch says when it tries to compute on it."""
    return {}


@pytest.fixture
def gpus(monkeypatch, driver, broken):
    """Two GPUs, called GPU-0 and GPU-1 by the driver, with nothing in their memory."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    properties = {f"cuda:{index}": SimpleNamespace(uuid=str(index)) for index in range(2)}
    monkeypatch.setattr(torch.cuda, "get_device_properties", properties.__getitem__)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda gpu: f"Card {gpu[-1]}")
    monkeypatch.setattr(devices, "problem_on", lambda gpu: broken.get(gpu, ""))
    return driver(("GPU-0", 0, 1000), ("GPU-1", 0, 1000))


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
    with devices.claim("auto", 1) as first, ExitStack() as ends:
        second = ends.enter_context(devices.claim("auto", 1))
        with devices.claim("auto", 1) as third:
            assert [str(claim.device) for claim in (first, second, third)] == ["cuda:0", "cuda:1", "cuda:0"]
            ends.close()
            with devices.claim("cuda", 1) as fourth:
                assert str(fourth.device) == "cuda:1"
        assert devices.resolve_device("auto") == devices.resolve_device("auto"), "looking takes nothing"


def test_a_named_gpu_is_obeyed_and_seen_by_the_next(gpus):
    with devices.claim("cuda:0", 1), devices.claim("cuda:0", 1):
        assert str(devices.resolve_device("auto")) == "cuda:1"
    assert str(devices.resolve_device("auto")) == "cuda:0"


OTHER = """
import sys
from contextlib import ExitStack
from core.machine import cores
cores.take_gpus(["GPU-0"], marks := ExitStack())
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


def test_a_gpu_whose_memory_others_use_is_taken_last(gpus, driver):
    driver(("GPU-0", 101, 1000), ("GPU-1", 99, 1000))
    assert str(devices.resolve_device("auto")) == "cuda:1"
    driver(("GPU-1", 900, 1000), ("GPU-0", 99, 1000))
    assert str(devices.resolve_device("auto")) == "cuda:0"
    driver(("GPU-0", None, None))
    assert str(devices.resolve_device("auto")) == "cuda:0"


def test_a_free_crowded_gpu_is_better_than_one_with_a_run_of_ours(gpus, driver):
    driver(("GPU-0", 999, 1000), ("GPU-1", 0, 1000))
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
    with pytest.raises(TrainDeskError), devices.claim("cuda:3", 1):
        pass
    assert others() == 0


def others():
    """Runs that train on this computer."""
    with ExitStack() as marks:
        return cores.take_processor(marks)


NO_KERNEL = "CUDA error: no kernel image is available for execution on the device"


def test_a_gpu_that_torch_cannot_compute_on_is_passed_over_and_told_of(gpus, broken):
    broken["cuda:0"] = NO_KERNEL
    with devices.claim("auto", 1) as claim:
        assert str(claim.device) == "cuda:1"
        assert_one_sentence(claim.notice, "Card 0", "not built for it", "pip install")
        with devices.claim("auto", 1) as second:
            assert str(second.device) == "cuda:1", "no mark is left on the one that was tried"
    with pytest.raises(TrainDeskError) as caught:
        devices.resolve_device("cuda:0")
    assert_one_sentence(str(caught.value), "Card 0", "pip install")


def test_where_torch_can_compute_on_no_gpu_it_is_the_cpu_and_says_so(gpus, broken):
    broken |= {"cuda:0": NO_KERNEL, "cuda:1": "an unknown error"}
    with devices.claim("auto", 1) as claim:
        assert claim.device == torch.device("cpu")
        assert_one_sentence(claim.notice, "Card 0", "until then it trains on the CPU")
    with pytest.raises(TrainDeskError):
        devices.resolve_device("cuda")


def test_a_run_computes_on_what_it_was_given_by_uuid_or_by_name(gpus):
    for given, expected in [(["GPU-1"], "cuda:1"), (["cuda:1"], "cuda:1"), (["cpu"], "cpu"), (["GPU-9"], "cuda:0")]:
        with devices.claim("auto", 1, given=given) as claim:
            assert str(claim.device) == expected
    with devices.claim("cuda", 1, count=2, given=["GPU-1", "GPU-0"]) as claim:
        assert claim.devices == ("cuda:0", "cuda:1")
    with devices.claim("auto", 1, given=["GPU-1"]), devices.claim("auto", 1, given=["GPU-1"]) as second:
        assert str(second.device) == "cuda:1", "several may share one"
        assert str(devices.resolve_device("auto")) == "cuda:0"


def test_a_given_gpu_that_cannot_be_computed_on_is_replaced(gpus, broken):
    broken["cuda:1"] = NO_KERNEL
    with devices.claim("auto", 1, given=["GPU-1"]) as claim:
        assert str(claim.device) == "cuda:0" and "Card 1" in claim.notice


def test_for_the_cpu_no_gpu_is_touched(monkeypatch):
    monkeypatch.setattr(devices, "gpus_here", lambda: pytest.fail("torch was asked for GPUs"))
    with devices.claim("cpu", 1) as claim:
        assert str(claim.device) == "cpu"


def test_what_is_done_later_with_a_network_needs_no_device_of_its_training(no_accelerator):
    assert devices.nearest_device("cuda:3") == devices.nearest_device("cpu") == torch.device("cpu")


def test_gpus_are_listed_by_name(driver):
    driver(("Big", 0, 1), ("Small", 0, 1))
    found = devices.list_devices()
    assert (found["cuda:0"], found["cuda:1"]) == ("GPU 0: GPU Big", "GPU 1: GPU Small")


def test_small_batches_get_one_thread_and_large_ones_an_even_share(set_cores):
    set_cores(8)
    assert devices.choose_threads(32 * 8 * 8) == 1 == torch.get_num_threads()
    assert devices.choose_threads(64 * 28 * 28) == 8 == torch.get_num_threads()
    assert [devices.choose_threads(BIG_BATCH, others) for others in (1, 2, 7, 8, 20)] == [4, 2, 1, 1, 1]
    assert torch.get_num_threads() == 1
    set_cores(20)
    assert devices.choose_threads(BIG_BATCH) == 8, "not more than torch's own choice: one for each whole core"


def test_the_second_run_gets_half(set_cores):
    set_cores(6)
    with devices.claim("cpu", BIG_BATCH) as first:
        assert (first.threads, others()) == (6, 1)
        with devices.claim("cpu", BIG_BATCH) as second:
            assert second.threads == 3 == torch.get_num_threads()
            assert first.threads_alone == second.threads_alone == 6, "that it may have when the first ends"
        with devices.claim("cpu", devices.SMALL_BATCH, threads=5) as small:
            assert small.threads_alone == 1
    assert others() == 0


def test_a_run_that_goes_on_keeps_its_number_of_threads(set_cores):
    set_cores(6)
    with devices.claim("cpu", BIG_BATCH), devices.claim("cpu", BIG_BATCH, threads=5) as resumed:
        assert resumed.threads == 5 == torch.get_num_threads()


def test_every_process_that_asks_torch_numbers_gpus_as_the_form_does():
    program = "import os, core.machine.devices; print(os.environ['CUDA_DEVICE_ORDER'])"
    environment = {name: value for name, value in os.environ.items() if name != "CUDA_DEVICE_ORDER"}
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=HOME, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "PCI_BUS_ID"
