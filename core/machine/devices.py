"""Devices a run can compute on, and what of them one run takes."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import TrainDeskError
from core.machine.cores import take_gpus, take_processor, usable_cores, users_of_gpu
from core.machine.gpus import read_gpus, visible_gpus
from core.machine.torch_devices import Report, TorchDevice, read_report, unusable_words, uuid_of
from core.machine.trial import problem_on

if TYPE_CHECKING:
    import torch

os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # before CUDA starts: numbers as nvidia-smi and the form give
SMALL_BATCH = 16_384  # pixels
CROWDED = 0.1  # share of a GPU's memory in use from which another GPU is preferred; a waiting worker's is below


def list_devices() -> dict[str, str]:
    """Choices for a form: value -> words."""
    return {"auto": "automatic", "cpu": "CPU"} | {each.name: in_words(each) for each in accelerators()}


def in_words(device: TorchDevice) -> str:
    """ "GPU 0: NVIDIA H100"."""
    _, _, index = device.name.partition(":")
    return f"GPU {index}: {device.words}" if index else device.words


def accelerators() -> list[TorchDevice]:
    """The GPUs on which torch computes here, as it said itself when it was asked; before that those of the driver.

    A page, which must not import torch, may ask this again and again.
    """
    if (report := read_report()) is not None:
        return report.usable
    gpus = enumerate(visible_gpus())
    found = [TorchDevice(f"cuda:{index}", gpu.name, gpu.uuid, gpu.memory_total or 0) for index, gpu in gpus]
    is_apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return [*found, TorchDevice("mps", "Apple GPU")] if is_apple else found


def most_devices(wanted: str = "auto") -> int:
    """On how many devices at once one run may compute that wants this one: GPUs, where they may be chosen for it.

    TRAINDESK_CPU_DEVICES=2 lets two processes share a CPU as if they were two devices: to try out what only computers with
    several GPUs do, never to be faster.
    """
    if wanted in ("auto", "cuda") and (gpus := [each for each in accelerators() if each.name.startswith("cuda:")]):
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
    threads_alone: int = 1  # that it would be given if no other run trained
    devices: tuple[str, ...] = ()  # all of a run that computes on several at once, as torch names them
    uuids: tuple[str, ...] = ()  # of these devices, as far as they have any
    notice: str = ""  # what people should know of the choice, as a sentence


@contextlib.contextmanager
def claim(
    wanted: str, pixels: int, threads: int | None = None, count: int = 1, given: Sequence[str] = ()
) -> Iterator[Claim]:
    """The share of one run that computes on the `wanted` device in batches of so many pixels (images x C x H x W), marked as in
    use inside; the end of the process gives it back too.

    `threads` is for a run that goes on and must compute as before: another number rounds sums differently. `count` devices
    are for a run that computes on so many at once. `given` are the devices that whoever started the run chose for it, by their
    names in `accelerators` or by UUID. Raises TrainDeskError if they are not here.
    """
    import torch

    if problem := problem_of_devices(wanted, count):
        raise TrainDeskError(problem)
    with ExitStack() as marks:
        devices, notice = _take_devices(wanted, marks, count, given)
        others = take_processor(marks) + count - 1
        alone = _share_of_threads(pixels, 0)
        if threads is None:
            threads = choose_threads(pixels, others)
        else:
            torch.set_num_threads(threads)
        names = tuple(map(str, devices))
        uuids = tuple(uuid for name in names if name != "cpu" and (uuid := gpu_uuid(name)) != name)
        yield Claim(devices[0], threads, alone, names, uuids, notice)


def resolve_device(wanted: str) -> torch.device:
    """torch's device for a config's value, not marked as in use: for something short.

    "auto" is the first GPU that no run uses, else Apple's GPU, else the CPU. Raises TrainDeskError if it is not here.
    """
    with ExitStack() as marks:
        return _take_devices(wanted, marks)[0][0]


def nearest_device(wanted: str) -> torch.device:
    """The same for what is done with a network later: where the device of its training is not here, the automatic one."""
    try:
        return resolve_device(wanted)
    except TrainDeskError:
        return resolve_device("auto")


def gpus_here() -> list[str]:
    """torch's names of the GPUs that may be computed on, not tried yet: cuda:0 and so on, or mps."""
    import torch

    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # as their driver numbers them
    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)]
    return [*gpus, *(["mps"] if torch.backends.mps.is_available() else [])]


def least_used(gpus: list[str]) -> list[str]:
    """These GPUs, by their names in `accelerators`, sorted: first those on which no run is marked and little memory is in use."""
    uuids, crowded = {each.name: each.uuid or each.name for each in accelerators()}, _crowded()

    def use(gpu: str) -> tuple[int, bool]:
        uuid = uuids.get(gpu, gpu)
        return users_of_gpu(uuid), uuid in crowded

    return sorted(gpus, key=use)


def choose_threads(pixels: int, others: int = 0) -> int:
    """Sets how many CPU threads a run's batches of so many pixels are trained on, beside `others`, and returns it.

    Small batches get one: a second gives them nothing on an idle computer (6.0 against 6.1 s for the digits recipe on 2
    cores), and when something else trains beside it they wait for each other most of the time (73 against 20 s). Larger
    ones share the cores evenly.
    """
    import torch

    threads = _share_of_threads(pixels, others)
    torch.set_num_threads(threads)
    return threads


def _share_of_threads(pixels: int, others: int) -> int:
    most = min(usable_cores(), _own_choice_of_torch())
    return 1 if pixels <= SMALL_BATCH else max(1, most // (others + 1))


def _take_devices(
    wanted: str, marks: ExitStack, count: int = 1, given: Sequence[str] = ()
) -> tuple[list[torch.device], str]:
    """The devices, and a notice where a GPU is here that torch cannot use."""
    import torch

    if wanted == "cpu" or list(given) == ["cpu"]:  # no GPU is touched
        if count > _cpu_devices():
            raise TrainDeskError(f"Devices at once is {count}, but torch finds no GPU here; choose 1.")
        return [torch.device("cpu")] * count, ""
    here = gpus_here()
    cuda = [gpu for gpu in here if gpu != "mps"]
    wants_any = wanted == "auto" or (wanted == "cuda" and cuda)
    if not wants_any and wanted not in here:
        raise TrainDeskError(f"Device '{wanted}' is not here; choose automatic or one of: {', '.join(['cpu', *here])}.")
    candidates = (cuda or here) if wants_any else [wanted]
    taken, problems = _take_gpus(candidates, marks, count, given if wants_any else ())
    notice = _told(*next(iter(problems.items()))) if problems else ""
    if taken:
        return taken, notice
    if wanted != "auto":
        raise TrainDeskError(notice)
    if count > _cpu_devices():
        raise TrainDeskError(notice or f"Devices at once is {count}, but torch finds no GPU here; choose 1.")
    return [torch.device("cpu")] * count, f"{notice.rstrip('.')}; until then it trains on the CPU." if notice else ""


def _take_gpus(
    gpus: list[str], marks: ExitStack, count: int, given: Sequence[str]
) -> tuple[list[torch.device], dict[str, str]]:
    """Of torch's names of GPUs those to use: the ones that were given; else no run of ours on them, and if possible little memory
    used by others. And name -> why it cannot be computed on, of those that were tried in vain."""
    import torch

    uuids = {gpu_uuid(gpu): gpu for gpu in gpus}
    named = [uuid for uuid, gpu in uuids.items() if uuid in given or gpu in given]
    crowded = _crowded() if len(gpus) > 1 and not named else set()
    free, problems = sorted(uuids, key=lambda uuid: uuid in crowded), dict[str, str]()
    if len(named) == count:
        free = named
    while len(free) >= count:
        with ExitStack() as attempt:
            taken = take_gpus(free, attempt, count)
            if not (problem := problem_on(uuids[taken[0]])):
                marks.push(attempt.pop_all())
                return [torch.device(uuids[uuid]) for uuid in taken], problems
        problems[uuids[taken[0]]] = problem
        left = free if free != named else list(uuids)
        free = [uuid for uuid in left if uuids[uuid] not in problems]
    return [], problems


def _told(gpu: str, problem: str) -> str:
    """The sentence about a GPU that torch cannot compute on."""
    import torch

    built = f"CUDA {torch.version.cuda}" if torch.version.cuda else "ROCm" if torch.version.hip else "Apple's GPUs"
    uuid, name = gpu_uuid(gpu), "Apple's GPU"
    if gpu != "mps":
        with contextlib.suppress(AssertionError, RuntimeError):
            name = torch.cuda.get_device_name(gpu)
    known = next((each for each in visible_gpus() if each.uuid == uuid), None)
    return unusable_words(name, problem, Report(torch.__version__, built), known)


def gpu_uuid(gpu: str) -> str:
    """A GPU's name that holds in every process; torch's numbers change with CUDA_VISIBLE_DEVICES."""
    import torch

    if gpu == "mps":
        return gpu
    try:
        return uuid_of(torch.cuda.get_device_properties(gpu)) or gpu
    except (AttributeError, AssertionError, RuntimeError):  # an older torch or driver
        return gpu


def _crowded() -> set[str]:
    """UUIDs of the GPUs with more than CROWDED of their memory in use, as far as their driver tells."""
    told = [gpu for gpu in read_gpus() if gpu.memory_used is not None and gpu.memory_total]
    return {gpu.uuid for gpu in told if (gpu.memory_used or 0) > CROWDED * (gpu.memory_total or math.inf)}


@functools.cache
def _own_choice_of_torch() -> int:
    """Threads that torch takes by itself: OMP_NUM_THREADS, else one for each whole core. Asked before anyone changed it."""
    import torch

    return torch.get_num_threads()
