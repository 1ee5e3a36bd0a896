"""The devices that torch can compute on, as torch itself found them, in a small file for whoever must not import torch.

    python -m core.machine.torch_devices

writes it. That is a process of its own, as whoever tries a GPU keeps a part of its memory until the process ends. The driver's
own list (`core.machine.gpus`) is another one: a torch that was built without CUDA, or not for a card, cannot use what is there.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.machine import posix
from core.machine.cores import lock_folder
from core.machine.gpus import Gpu, visible_gpus
from core.machine.processes import end_child, start
from core.settings.stored import KeptFiles, write_stored

STAYS = 3600.0  # seconds until torch is asked again
DOUBTED = 300.0  # the same where it found less than the driver has
LONGEST = 120.0  # seconds that the process may take
VISIBLE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
INDEX = "https://download.pytorch.org/whl/"
TURING = (7, 5)  # the oldest architecture that builds for CUDA 13 and 12.8 are made for; those for 12.6 know older ones
BLACKWELL = (10, 0)  # the oldest that needs a build for CUDA 12.8 or later


@dataclass(frozen=True)
class TorchDevice:
    """A device that torch sees."""

    name: str = ""  # as a config names it
    words: str = ""
    uuid: str = ""  # as the driver names it, "" where it has no such name
    memory: int = 0  # bytes; 0: not known
    problem: str = ""  # why torch cannot compute on it, in its words; "" when it can


@dataclass(frozen=True)
class Report:
    """What torch said."""

    torch: str = ""  # its version
    built_for: str = ""  # "CUDA 13.0"; "" for the CPU alone
    since: float = 0.0  # Unix seconds
    devices: list[TorchDevice] = field(default_factory=list)  # besides the CPU

    @property
    def usable(self) -> list[TorchDevice]:
        """Those on which it computes."""
        return [device for device in self.devices if not device.problem]


_reports = KeptFiles(Report)


def read_report() -> Report | None:
    """What the torch that is installed here said of the devices that this environment lets it see; None before it was asked.
    Never raises."""
    try:
        return _reports.read(str(_file()))
    except OSError:
        return None


def ensure_report() -> None:
    """Has torch asked, unless that was done a while ago; leaves no trace on a GPU in this process. Takes seconds where there is a
    GPU. Never raises."""
    import torch

    with contextlib.suppress(OSError, subprocess.SubprocessError):
        known = read_report()
        stays = STAYS if known and len(known.usable) >= len(visible_gpus()) else DOUBTED
        if known and 0 <= time.time() - known.since < stays:
            return
        if torch.cuda.device_count() or torch.backends.mps.is_available():  # neither makes a context
            _ask()
        else:
            _write([])


def ask_torch() -> None:
    """The same for a process that does without torch: it is asked where there may be a GPU. Never raises."""
    is_apple = sys.platform == "darwin" and platform.machine() == "arm64"
    if visible_gpus() or posix.AMD_DRIVER.exists() or is_apple:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            _ask()


def _ask() -> None:
    """Raises OSError, SubprocessError."""
    words, nothing = [sys.executable, "-m", "core.machine.torch_devices"], subprocess.DEVNULL
    asked = start(words, stdin=nothing, stdout=nothing, stderr=nothing)
    try:
        asked.wait(LONGEST)
    finally:
        end_child(asked)


def problem_of_gpus() -> str:
    """Which GPU is here that torch cannot use, why, and what to install, in one sentence; "" when there is none."""
    report = read_report()
    if report is None:
        return ""
    problems = {device.uuid: device.problem for device in report.devices if device.problem}
    usable = {device.uuid for device in report.usable}
    return next(
        (unusable_words(gpu.name, problems.get(gpu.uuid, ""), report, gpu) for gpu in visible_gpus() if gpu.uuid not in usable),
        next((unusable_words(each.words, each.problem, report) for each in report.devices if each.problem), ""),
    )  # fmt: skip


def unusable_words(name: str, problem: str, report: Report, gpu: Gpu | None = None) -> str:
    """The sentence about one GPU: which, why, what to do. `problem`: torch's words, `gpu`: what its driver tells."""
    version = report.torch.partition("+")[0]
    if not report.built_for:
        why = f"the PyTorch that is installed ({version}) computes on the processor alone"
    elif "no kernel image" in problem or "not compatible" in problem:
        why = f"the PyTorch that is installed ({version} for {report.built_for}) was not built for it"
    elif gpu and gpu.driver and report.built_for.startswith("CUDA ") and _major(report.built_for) > gpu.driver // 1000:
        why = f"its driver is older than the PyTorch that is installed ({version} for {report.built_for})"
    else:
        why = f"PyTorch {version} says '{problem}'" if problem else f"PyTorch {version} does not find it"
    return f"{name} is here but cannot be used, as {why}; {_remedy(gpu)}."


def _remedy(gpu: Gpu | None) -> str:
    if gpu is None or not gpu.uuid:
        return "install one that is made for it, see pytorch.org/get-started"
    return (
        f"install one for it with: pip install --force-reinstall torch torchvision --index-url {INDEX}{_build_for(gpu)}"
    )


def _build_for(gpu: Gpu) -> str:
    """Which of PyTorch's builds knows this GPU and needs no newer driver."""
    if gpu.capability and gpu.capability < TURING:
        return "cu126"
    if (gpu.driver or 13_000) >= 13_000:
        return "cu130"
    return "cu128" if gpu.capability and gpu.capability >= BLACKWELL else "cu126"


def _major(built_for: str) -> int:
    number = built_for.rpartition(" ")[2].partition(".")[0]
    return int(number) if number.isdecimal() else 0


def _look() -> Iterator[TorchDevice]:
    """Tries every device."""
    import torch

    from core.machine.trial import problem_on

    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    for index in range(torch.cuda.device_count()):
        name = f"cuda:{index}"
        try:
            about = torch.cuda.get_device_properties(index)
        except (AssertionError, RuntimeError) as error:  # a driver that is too old
            yield TorchDevice(name, f"GPU {index}", problem=next(iter(str(error).splitlines()), "")[:200])
            continue
        yield TorchDevice(name, about.name, uuid_of(about), int(about.total_memory), problem_on(name))
    if torch.backends.mps.is_available():
        yield TorchDevice("mps", "Apple GPU", problem=problem_on("mps"))


def uuid_of(about: object) -> str:
    """A GPU's name that holds in every process, of what torch tells of it: torch's numbers change with CUDA_VISIBLE_DEVICES. ""
    where torch or its driver is too old to say."""
    uuid = str(getattr(about, "uuid", "") or "")
    return uuid if not uuid or uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"


def _write(devices: list[TorchDevice]) -> None:
    """Raises OSError."""
    import torch

    built = f"CUDA {torch.version.cuda}" if torch.version.cuda else ""
    built = f"ROCm {torch.version.hip}" if torch.version.hip else built
    write_stored(_file(), Report(torch.__version__, built, time.time(), devices), sync=False)


def _file() -> Path:
    """Raises OSError."""
    said = [sys.prefix, _version(), *(f"{name}={os.environ.get(name)}" for name in VISIBLE)]
    return lock_folder() / f"devices-{hashlib.sha256('|'.join(said).encode()).hexdigest()[:16]}.json"


@functools.cache
def _version() -> str:
    """Of the torch that is installed, which is not imported for that."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return ""


def main() -> int:
    """Asks torch and writes down what it says."""
    _write(list(_look()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
