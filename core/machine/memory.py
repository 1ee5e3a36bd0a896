"""How much memory there is, how much was used, and whether it was short."""

from __future__ import annotations

import contextlib
import errno
import gc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from core.errors import TrainDeskError
from core.machine import posix
from core.text.numbers import bytes_in_words

if TYPE_CHECKING:
    import torch


SHORT = (  # what the CPU's allocator, CUDA, cuBLAS, cuDNN, MPS, Windows, numpy and oneDNN say, in small letters
    "can't allocate memory", "cannot allocate memory", "not enough memory", "out of memory", "unable to allocate",
    "failed to allocate", "alloc_failed", "allocation_failed", "cudaerrormemoryallocation", "bad_alloc", "bad allocation",
    "paging file is too small", "could not create a primitive",
)  # fmt: skip
CONTAINER = Path("/sys/fs/cgroup")  # what limits the container that we are in, if any
FILES = (  # in both forms of it: the limit and what is used, in bytes, and what of that is files that can be read again
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)
KINDS = (RuntimeError, MemoryError, OSError)  # what says so
PAGING_FILE = 1455  # Windows: "The paging file is too small for this operation to complete"
SIGKILL = -9  # the exit status of a process that Linux ended so
NO_MEMORY = {0xC0000017, 0xC000012D}  # of one that Windows ended: STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT
OTHERS = 0.1  # share of a GPU's memory that others must have to be named


class OutOfMemory(TrainDeskError):
    """Memory was short, and nothing that could be done helped: a sentence, and the settings with which it may go."""

    def __init__(self, what: str, ways: str, remedy: Mapping[str, Any] | None = None):
        """`what` took the memory, with its values; `ways` out of it ("choose ..."); `remedy`: values at paths of a config."""
        super().__init__(f"{what}; {ways}.")
        self.what, self.ways, self.remedy = what, ways, dict(remedy or {})


def free_bytes(device: torch.device) -> int:
    """Bytes that are free on a device; on the CPU what the system can give without swapping, within its container."""
    if device.type == "cuda":
        import torch

        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":  # its memory is the computer's, of which Metal gives a part
        import torch

        own = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return int(max(0, min(own, psutil.virtual_memory().available)))
    return int(min(psutil.virtual_memory().available, _container()))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it says that memory was short. oneDNN says the same of what it cannot compute, but of a primitive's descriptor;
    an OSError may name any file."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM or getattr(error, "winerror", None) == PAGING_FILE
    said = str(error).lower().replace("could not create a primitive descriptor", "")
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"  # of torch, which this module does without
        or any(words in said for words in SHORT)
    )


def release(device: torch.device) -> None:
    """Gives back what nothing refers to any more, the blocks too that torch keeps for the next tensors of a GPU."""
    gc.collect()
    if device.type in ("cuda", "mps"):
        import torch

        (torch.cuda if device.type == "cuda" else torch.mps).empty_cache()


@contextlib.contextmanager
def told(problem: Callable[[], OutOfMemory]) -> Iterator[None]:
    """Within, a short memory is told as this problem, which is put into words only then."""
    try:
        yield
    except KINDS as error:
        if not is_out_of_memory(error):
            raise
        raise problem() from error


def said_of(device: torch.device) -> str:
    """What a GPU's memory was used for, to be put behind a sentence's subject: " (...)"; of other devices nothing."""
    if device.type != "cuda":
        return ""
    import torch

    free, total = torch.cuda.mem_get_info(device)
    took, kept = torch.cuda.max_memory_allocated(device), torch.cuda.memory_reserved(device)
    others = total - free - kept
    held = f", {bytes_in_words(others)} is held by other programs: end them" if others > OTHERS * total else ""
    has = f"the GPU has {bytes_in_words(total)}, {bytes_in_words(free)} free{held}"
    return f" (it took {bytes_in_words(took)} and wanted more; {has})"


def kills() -> int:
    """How many processes the system has ended since it started because memory ran out; 0 where it does not say."""
    found = 0
    for path in posix.OOM_COUNTERS:
        with contextlib.suppress(OSError, ValueError):
            words = path.read_text(encoding="ascii", errors="replace").split()
            found += int(words[words.index("oom_kill") + 1])
    return found


def was_killed_for_memory(status: int | None, kills_before: int) -> bool:
    """Whether a process with this exit status was ended by the system for memory; `kills_before`: `kills` when it began."""
    if status is None:
        return False
    return status % 2**32 in NO_MEMORY or (status == SIGKILL and kills() > kills_before)


def peak_bytes(device: torch.device) -> int:
    """The most memory this process has used so far: on a GPU torch's tensors, on the CPU all of the process."""
    if device.type == "cuda":
        import torch

        return torch.cuda.max_memory_allocated(device)
    return posix.peak_bytes()


def _container() -> float:
    """What a container's processes may take beside what they have; without a limit, infinity."""
    for limit, used, parts, files in FILES:
        with contextlib.suppress(OSError, ValueError):  # no container, or its limit is the word "max"
            free = int((CONTAINER / limit).read_text(encoding="ascii"))
            with contextlib.suppress(OSError, ValueError, KeyError):
                of = dict(line.split() for line in (CONTAINER / parts).read_text(encoding="ascii").splitlines())
                free -= max(0, int((CONTAINER / used).read_text(encoding="ascii")) - int(of[files]))
            return max(0, free)
    return float("inf")
