"""Devices a run can compute on, and what of them one run takes."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import TrainDeskError
from core.machine.cores import take_gpus, take_processor, usable_cores
from core.machine.gpus import visible_gpus

if TYPE_CHECKING:
    import torch

os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # before CUDA starts: numbers as nvidia-smi and the form give
SMALL_BATCH = 16_384  # pixels
CROWDED = 0.1  # share of a GPU's memory in use from which another GPU is preferred; a waiting worker's is below


def list_devices() -> dict[str, str]:
    """Choices for a form: value -> words. Asks the system, not torch, which a page must not import."""
    devices = {"auto": "automatic", "cpu": "CPU"}
    devices |= {f"cuda:{index}": f"GPU {index}: {gpu.name}" for index, gpu in enumerate(visible_gpus())}
    if sys.platform == "darwin" and platform.machine() == "arm64":
        devices["mps"] = "Apple GPU"
    return devices


def most_devices(wanted: str = "auto") -> int:
    """On how many devices at once one run may compute that wants this one: GPUs, where they may be chosen for it.

    TRAINDESK_CPU_DEVICES=2 lets two processes share a CPU as if they were two devices: to try out what only computers with
    several GPUs do, never to be faster.
    """
    if wanted in ("auto", "cuda") and (gpus := visible_gpus()):
        return len(gpus)
    return _cpu_devices() if wanted in ("auto", "cpu") else 1


def _cpu_devices() -> int:
    number = os.environ.get("TRAINDESK_CPU_DEVICES", "")
    return max(1, int(number)) if number.isdecimal() else 1


def problem_of_devices(wanted: str, count: int) -> str:
    """Why a run cannot compute on so many devices at once here, in one sentence; "" when it can."""
    if count == 1 or count <= (most := most_devices(wanted)):
        return ""
    if wanted not in ("auto", "cuda", "cpu"):
        return f"Devices at once is {count}, but Device names {wanted} alone; choose automatic, or 1 at once."
    here = f"{most} GPUs" if most > 1 else "one device for it"
    return f"Devices at once is {count}, but this computer has {here}; choose at most {most}."


@dataclass(frozen=True)
class Claim:
    """What of this computer a run uses: the device and threads it computes on."""

    device: torch.device
    threads: int  # of torch on the CPU, already set
    devices: tuple[str, ...] = ()  # all of a run that computes on several at once, as torch names them


@contextlib.contextmanager
def claim(wanted: str, pixels: int, threads: int | None = None, count: int = 1) -> Iterator[Claim]:
    """The share of one run that computes on the `wanted` device in batches of so many pixels (images x C x H x W), marked as in
    use inside; the end of the process gives it back too.

    `threads` is for a run that goes on and must compute as before: another number rounds sums differently. `count` devices
    are for a run that computes on so many at once. Raises TrainDeskError if they are not here.
    """
    import torch

    if problem := problem_of_devices(wanted, count):
        raise TrainDeskError(problem)
    with ExitStack() as marks:
        devices, others = _take_devices(wanted, marks, count), take_processor(marks) + count - 1
        if threads is None:
            threads = choose_threads(pixels, others)
        else:
            torch.set_num_threads(threads)
        yield Claim(devices[0], threads, tuple(map(str, devices)))


def resolve_device(wanted: str) -> torch.device:
    """torch's device for a config's value, not marked as in use: for something short.

    "auto" is the first GPU that no run uses, else Apple's GPU, else the CPU. Raises TrainDeskError if it is not here.
    """
    with ExitStack() as marks:
        return _take_devices(wanted, marks)[0]


def choose_threads(pixels: int, others: int = 0) -> int:
    """Sets how many CPU threads a run's batches of so many pixels are trained on, beside `others`, and returns it.

    Small batches get one: a second gives them nothing on an idle computer (6.0 against 6.1 s for the digits recipe on 2
    cores), and when something else trains beside it they wait for each other most of the time (73 against 20 s). Larger
    ones share the cores evenly.
    """
    import torch

    most = min(usable_cores(), _own_choice_of_torch())
    threads = 1 if pixels <= SMALL_BATCH else max(1, most // (others + 1))
    torch.set_num_threads(threads)
    return threads


def _take_devices(wanted: str, marks: ExitStack, count: int = 1) -> list[torch.device]:
    import torch

    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)]
    available = ["cpu", *gpus, *(["mps"] if torch.backends.mps.is_available() else [])]
    if wanted in ("auto", "cuda") and gpus:
        return _take_gpus(gpus, marks, count)
    if wanted == "auto":
        wanted = "mps" if "mps" in available else "cpu"
    if wanted not in available:
        raise TrainDeskError(f"Device '{wanted}' is not here; choose automatic or one of: {', '.join(available)}.")
    if wanted == "cpu" and count > _cpu_devices():
        raise TrainDeskError(f"Devices at once is {count}, but torch finds no GPU here; choose 1.")
    return _take_gpus([wanted], marks) if wanted in gpus else [torch.device(wanted)] * count


def _take_gpus(gpus: list[str], marks: ExitStack, count: int = 1) -> list[torch.device]:
    """Of torch's names of GPUs those to use: no run of ours on them, and if possible little memory used by others."""
    import torch

    uuids = {_uuid(gpu): gpu for gpu in gpus}
    crowded = _crowded() if len(gpus) > 1 else set()
    taken = take_gpus(sorted(uuids, key=lambda uuid: uuid in crowded), marks, count)
    return [torch.device(uuids[uuid]) for uuid in taken]


def _uuid(gpu: str) -> str:
    """A GPU's name that holds in every process; torch's numbers change with CUDA_VISIBLE_DEVICES."""
    import torch

    try:
        return f"GPU-{torch.cuda.get_device_properties(gpu).uuid}"
    except (AttributeError, AssertionError, RuntimeError):  # an older torch or driver
        return gpu


def _crowded() -> set[str]:
    """UUIDs of the GPUs with more than CROWDED of their memory in use."""
    return {gpu.uuid for gpu in visible_gpus() if (gpu.memory_used or 0) > CROWDED * (gpu.memory_total or math.inf)}


@functools.cache
def _own_choice_of_torch() -> int:
    """Threads that torch takes by itself: OMP_NUM_THREADS, else one for each whole core. Asked before anyone changed it."""
    import torch

    return torch.get_num_threads()
