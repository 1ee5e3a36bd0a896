"""How finely a network computes: float32, or mixed precision with bfloat16 where the processor has it in hardware.

Mixed means torch's autocast: convolutions and matrix products in bfloat16, weights, batch norm's statistics, losses and
the optimizer in float32 (Micikevicius et al. 2017, arXiv:1710.03740; Kalamkar et al. 2019, arXiv:1905.12322). bfloat16 has
float32's range, so gradients need no scaling.
"""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from pathlib import Path

import torch

from core.errors import TrainDeskError

SMALLEST_BATCH = 16_384  # pixels; below, autocast's casts cost more than the faster products give


def choose_precision(wanted: str, device: torch.device, pixels: int) -> torch.dtype:
    """float32 or bfloat16 for a config's value, "auto" taking what is faster.

    `pixels` of a batch: images x channels x height x width. Raises TrainDeskError when bfloat16 is asked for and the
    device cannot compute in it.
    """
    if wanted == "auto":
        return torch.bfloat16 if has_bfloat16(device) and pixels > SMALLEST_BATCH else torch.float32
    if wanted == "bfloat16" and device.type == "mps":
        raise TrainDeskError("Precision is bfloat16, which Apple's GPU is not used with; choose automatic or float32.")
    return torch.bfloat16 if wanted == "bfloat16" else torch.float32


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 in hardware: elsewhere it is emulated, and slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)  # Ampere and later
    return device.type == "cpu" and bool(_processor_flags() & {"avx512_bf16", "amx_bf16"})


def mixed(dtype: torch.dtype, device: torch.device) -> AbstractContextManager:
    """The context in which a forward pass computes in that precision."""
    if dtype == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=dtype)


def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # not Linux
        return set()
    return set(next((line for line in lines if line.startswith("flags")), "").split())
