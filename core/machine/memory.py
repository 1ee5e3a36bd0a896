"""How much memory there is, and how much was used."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

UNKNOWN = 4 * 2**30  # bytes assumed free where the system does not tell (Windows)


def free_bytes(device: torch.device) -> int:
    """Bytes that are free on a device; on the CPU what the system can give without swapping, within its container."""
    if device.type == "cuda":
        import torch

        return torch.cuda.mem_get_info(device)[0]
    return int(min(_system(), _container()))


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


def _system(meminfo: Path = Path("/proc/meminfo")) -> int:
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")  # macOS tells only the whole
    except (AttributeError, OSError, ValueError):
        return UNKNOWN


def _container(limit: Path = Path("/sys/fs/cgroup/memory.max")) -> float:
    """The most that a container's processes may take together; without a limit, infinity."""
    try:
        return int(limit.read_text())
    except (OSError, ValueError):  # no container, or its limit is the word "max"
        return float("inf")
