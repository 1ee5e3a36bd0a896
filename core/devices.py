"""Devices a run can compute on."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from core.errors import TrainDeskError

if TYPE_CHECKING:
    import torch


def list_devices() -> dict[str, str]:
    """Choices for a form: value -> words. Asks the system, not torch, which a page must not import."""
    devices = {"auto": "automatic", "cpu": "CPU"}
    if program := shutil.which("nvidia-smi"):
        query = [program, "--query-gpu=name", "--format=csv,noheader"]
        try:
            names = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout.splitlines()
        except (OSError, subprocess.SubprocessError):
            names = []
        devices |= {f"cuda:{index}": f"GPU {index}: {name.strip()}" for index, name in enumerate(names)}
    if sys.platform == "darwin" and platform.machine() == "arm64":
        devices["mps"] = "Apple GPU"
    return devices


def resolve_device(wanted: str) -> torch.device:
    """torch's device for a config's value; "auto" prefers CUDA, then Apple's GPU. Raises TrainDeskError if it is not here."""
    import torch

    available = ["cpu"]
    available += [f"cuda:{index}" for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)]
    if torch.backends.mps.is_available():
        available.append("mps")
    if wanted == "auto":
        wanted = "cuda:0" if "cuda:0" in available else "mps" if "mps" in available else "cpu"
    if wanted == "cuda":
        wanted = "cuda:0"
    if wanted not in available:
        raise TrainDeskError(f"Device '{wanted}' is not here; choose automatic or one of: {', '.join(available)}.")
    return torch.device(wanted)


SMALL_BATCH = 16_384  # pixels


def choose_threads(pixels: int) -> None:
    """Trains batches of so few pixels (images x channels x height x width) on one CPU thread.

    Two threads give such a network nothing on an idle computer (6.0 against 6.1 s for the digits recipe on 2 cores), and
    when something else trains beside it they wait for each other most of the time (73 against 20 s).
    """
    import torch

    if pixels <= SMALL_BATCH:
        torch.set_num_threads(1)
