"""How much memory there is, and how much was used."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import torch


SHORT = (  # what the CPU's allocator, CUDA, cuBLAS, cuDNN, MPS, Windows and oneDNN say, in small letters
    "can't allocate memory", "not enough memory", "out of memory", "alloc_failed", "bad_alloc", "could not create a primitive",
)  # fmt: skip
LIMIT = Path("/sys/fs/cgroup/memory.max")  # of a container, in bytes


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
    """The most memory this process has used so far: on a GPU torch's tensors, on the CPU all of the process (0: unknown)."""
    if device.type == "cuda":
        import torch

        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux KiB


def _container() -> float:
    """The most that a container's processes may take together; without a limit, infinity."""
    try:
        return int(LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no container, or its limit is the word "max"
        return float("inf")
