"""How much memory there is, and how much was used."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from core.machine import posix

if TYPE_CHECKING:
    import torch


SHORT = (  # what the CPU's allocator, CUDA, cuBLAS, cuDNN, MPS, Windows and oneDNN say, in small letters
    "can't allocate memory", "not enough memory", "out of memory", "alloc_failed", "bad_alloc", "could not create a primitive",
)  # fmt: skip
CONTAINER = Path("/sys/fs/cgroup")  # what limits the container that we are in, if any
FILES = (  # in both forms of it: the limit and what is used, in bytes, and what of that is files that can be read again
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)


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


def is_out_of_memory(error: Exception) -> bool:
    """Whether it says that memory was short. oneDNN says the same of what it cannot compute, but of a primitive's descriptor."""
    said = str(error).lower().replace("could not create a primitive descriptor", "")
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"  # of torch, which this module does without
        or any(words in said for words in SHORT)
    )


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
