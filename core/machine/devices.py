"""Devices a run can compute on, and what of them one run takes."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import TrainDeskError
from core.machine.cores import Taken, take_gpu, take_processor, usable_cores

if TYPE_CHECKING:
    import torch

SMALL_BATCH = 16_384  # pixels
CROWDED = 0.1  # share of a GPU's memory in use from which another GPU is preferred; a waiting worker's is below


def list_devices() -> dict[str, str]:
    """Choices for a form: value -> words. Asks the system, not torch, which a page must not import."""
    devices = {"auto": "automatic", "cpu": "CPU"}
    devices |= {f"cuda:{index}": f"GPU {index}: {name}" for index, (_, name) in enumerate(_nvidia_smi("name"))}
    if sys.platform == "darwin" and platform.machine() == "arm64":
        devices["mps"] = "Apple GPU"
    return devices


@dataclass(frozen=True)
class Claim:
    """What of this computer a run uses: the device and threads it computes on, marked as in use until `release`."""

    device: torch.device
    threads: int  # of torch on the CPU, already set
    others: int  # runs that were training when this one began
    marks: tuple[Taken, ...]

    def release(self) -> None:
        """Lets other runs have it. The end of the process does so too."""
        for mark in self.marks:
            mark.release()

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def claim(wanted: str, pixels: int, threads: int | None = None) -> Claim:
    """The share of one run that computes on the `wanted` device in batches of so many pixels (images x C x H x W).

    `threads` is for a run that goes on and must compute as before: another number rounds sums differently. Raises
    TrainDeskError if the device is not here.
    """
    import torch

    device, device_mark = _take_device(wanted)
    processor_mark, others = take_processor()
    if threads is None:
        threads = choose_threads(pixels, others)
    else:
        torch.set_num_threads(threads)
    return Claim(device, threads, others, (device_mark, processor_mark))


def resolve_device(wanted: str) -> torch.device:
    """torch's device for a config's value, not marked as in use: for something short.

    "auto" is the first GPU that no run uses, else Apple's GPU, else the CPU. Raises TrainDeskError if it is not here.
    """
    device, mark = _take_device(wanted)
    mark.release()
    return device


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


def _take_device(wanted: str) -> tuple[torch.device, Taken]:
    import torch

    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)]
    available = ["cpu", *gpus, *(["mps"] if torch.backends.mps.is_available() else [])]
    if wanted in ("auto", "cuda") and gpus:
        return _take_gpu(gpus)
    if wanted == "auto":
        wanted = "mps" if "mps" in available else "cpu"
    if wanted not in available:
        raise TrainDeskError(f"Device '{wanted}' is not here; choose automatic or one of: {', '.join(available)}.")
    return _take_gpu([wanted]) if wanted in gpus else (torch.device(wanted), Taken())


def _take_gpu(gpus: list[str]) -> tuple[torch.device, Taken]:
    """Of torch's names of GPUs the one to use: no run of ours on it, and if possible little memory used by others."""
    import torch

    uuids = {_uuid(gpu): gpu for gpu in gpus}
    crowded = _crowded() if len(gpus) > 1 else set()  # asking takes up to a second
    uuid, mark = take_gpu(sorted(uuids, key=lambda uuid: uuid in crowded))
    return torch.device(uuids[uuid]), mark


def _uuid(gpu: str) -> str:
    """A GPU's name that holds in every process; torch's numbers change with CUDA_VISIBLE_DEVICES."""
    import torch

    try:
        return f"GPU-{torch.cuda.get_device_properties(gpu).uuid}"
    except (AttributeError, AssertionError, RuntimeError):  # an older torch or driver
        return gpu


def _crowded() -> set[str]:
    """UUIDs of the GPUs with more than CROWDED of their memory in use."""
    crowded = set()
    for uuid, used, total in _nvidia_smi("memory.used", "memory.total"):
        if used.isdigit() and total.isdigit() and int(used) > CROWDED * int(total):  # MiB, or "[N/A]"
            crowded.add(uuid)
    return crowded


def _nvidia_smi(*fields: str) -> list[list[str]]:
    """UUID and these fields of every GPU a process may see, in its order; nothing where there is no such program."""
    if not (program := shutil.which("nvidia-smi")):
        return []
    query = [program, f"--query-gpu=uuid,{','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    gpus = [[value.strip() for value in line.split(",", len(fields))] for line in answer.splitlines()]
    gpus = [gpu for gpu in gpus if len(gpu) == len(fields) + 1]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return gpus
    wanted = [word.strip() for word in visible.split(",") if word.strip()]
    found = []
    for word in wanted:
        matches = [gpu for number, gpu in enumerate(gpus) if word == str(number) or gpu[0].startswith(word)]
        if not matches:  # CUDA too ignores the rest of the list from the first name it does not know
            break
        found.append(matches[0])
    return found


@functools.cache
def _own_choice_of_torch() -> int:
    """Threads that torch takes by itself: OMP_NUM_THREADS, else one for each whole core. Asked before anyone changed it."""
    import torch

    return torch.get_num_threads()
