"""How much memory there is, and how much was used."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import torch


LIMIT = Path("/sys/fs/cgroup/memory.max")  # of a container, in bytes


def free_bytes(device: torch.device) -> int:
    """Bytes that are free on a device; on the CPU what the system can give without swapping, within its container."""
    if device.type == "cuda":
        import torch

        return torch.cuda.mem_get_info(device)[0]
    return int(min(psutil.virtual_memory().available, _container()))


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
        return int(LIMIT.read_text())
    except (OSError, ValueError):  # no container, or its limit is the word "max"
        return float("inf")
