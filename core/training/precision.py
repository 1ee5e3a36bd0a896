"""How a network computes: how finely, and in which order the numbers of its pictures lie in memory.

Mixed means torch's autocast: convolutions and matrix products in bfloat16, weights, batch norm's statistics, losses and
the optimizer in float32 (Micikevicius et al. 2017, arXiv:1710.03740; Kalamkar et al. 2019, arXiv:1905.12322). bfloat16 has
float32's range, so gradients need no scaling. Which way is fastest is measured (`core.training.fastest`); here stands what
can be had, and the rule where nothing is measured.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch

from core.errors import TrainDeskError

SMALLEST_BATCH = 16_384  # pixels; below, autocast's casts cost more than the faster products give
AMPERE = (8, 0)  # the first of NVIDIA's that has bfloat16 and TF32
_LAYOUTS = {"channels last": torch.channels_last, "channels first": torch.contiguous_format}


class Way(NamedTuple):
    """One way to compute."""

    precision: torch.dtype  # float32; bfloat16: mixed
    layout: torch.memory_format  # of pictures and filters: channels_last or contiguous_format

    @property
    def precision_name(self) -> str:
        """ "float32" or "bfloat16"."""
        return str(self.precision).removeprefix("torch.")

    @property
    def layout_name(self) -> str:
        """ "channels last" or "channels first"."""
        return next(name for name, layout in _LAYOUTS.items() if layout is self.layout)

    def __str__(self) -> str:
        return f"{self.precision_name}, {self.layout_name}"


def way_of(precision: str, layout: str) -> Way | None:
    """The way of these names; None for names that say none."""
    precisions = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    known = precision in precisions and layout in _LAYOUTS
    return Way(precisions[precision], _LAYOUTS[layout]) if known else None


def possible_ways(wanted: str, device: torch.device) -> tuple[Way, ...]:
    """The ways in which a config's precision can be computed on a device, float32 and the usual layout first.

    bfloat16 is left out where it is known to be emulated, which takes many times as long, and on Apple's GPU, where channels
    last is too: batch norm's gradients come out wrong there (https://github.com/pytorch/pytorch/issues/175189).
    Raises TrainDeskError when bfloat16 is asked for there.
    """
    if wanted == "bfloat16" and device.type == "mps":
        raise TrainDeskError("Precision is bfloat16, which Apple's GPU is not used with; choose automatic or float32.")
    precisions = [torch.bfloat16 if wanted == "bfloat16" else torch.float32]
    if wanted == "auto" and may_gain_by_bfloat16(device):
        precisions.append(torch.bfloat16)
    layouts = [torch.contiguous_format] if device.type == "mps" else [torch.channels_last, torch.contiguous_format]
    return tuple(Way(precision, layout) for precision in precisions for layout in layouts)


def way_by_rule(wanted: str, device: torch.device, pixels: int) -> Way:
    """What is usually fastest for a config's precision and batches of so many pixels (images x channels x height x width).

    Raises TrainDeskError as `possible_ways`.
    """
    ways = possible_ways(wanted, device)
    low = wanted == "bfloat16" or (wanted == "auto" and has_bfloat16(device) and pixels > SMALLEST_BATCH)
    precision = torch.bfloat16 if low else torch.float32
    layout = ways[0].layout
    if precision == torch.float32 and device.type == "cuda" and not is_ampere(device):
        layout = torch.contiguous_format
    return Way(precision, layout)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device is known to compute in bfloat16 in hardware: elsewhere it is mostly slower than float32."""
    if device.type == "cuda":
        return is_ampere(device)
    return device.type == "cpu" and any(processor().get(name) for name in ("avx512_bf16", "amx_bf16"))


def may_gain_by_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is worth a try: on a processor wherever oneDNN computes in it, be it by widening to float32."""
    if device.type != "cpu":
        return has_bfloat16(device)
    try:
        return has_bfloat16(device) or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):  # a torch without oneDNN, such as Apple's
        return False


def is_ampere(device: torch.device) -> bool:
    """Whether a GPU is of NVIDIA's generation of 2020 or later. AMD's count as such: theirs is for measuring to say."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= AMPERE


def processor() -> Mapping[str, Any]:
    """What torch says of this processor on any system: `cpu_name`, and by name what is built in."""
    if hasattr(torch.cpu, "get_capabilities"):
        return torch.cpu.get_capabilities()
    return {"avx512_bf16": torch.cpu._is_avx512_bf16_supported(), "amx_bf16": torch.cpu._is_amx_tile_supported()}


def mixed(dtype: torch.dtype, device: torch.device) -> AbstractContextManager:
    """The context in which a forward pass computes in that precision."""
    if dtype == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=dtype)


def laid_out(images: torch.Tensor, layout: torch.memory_format) -> torch.Tensor:
    """Pictures or features (k, C, H, W), which come channels last, in a layout; (k, F) as they are.

    Of one channel both layouts are the same memory, but convolutions go by the strides: these are then the other's.
    """
    if layout is torch.channels_last or images.ndim != 4:
        return images
    return images.flatten(1).view(images.shape)


def set_up(device: torch.device, precision: str, repeatable: bool) -> None:
    """Tells torch how this process computes on a GPU from now on, for a config's precision.

    float32 that was asked for is float32: TF32, which keeps 10 of 23 bits of what is multiplied, is for automatic alone.
    `repeatable` leaves only what gives the same numbers each time: an operation that has no such way raises RuntimeError.
    On a CPU all of this changes nothing.
    """
    on_gpu = device.type == "cuda"
    torch.backends.cudnn.benchmark = on_gpu and not repeatable  # tries kernels for each shape and keeps the fastest
    torch.backends.cudnn.deterministic = repeatable
    _allow_tf32(uses_tf32(device, precision, repeatable))
    if torch.are_deterministic_algorithms_enabled() != (wanted := repeatable and device.type != "cpu"):
        torch.use_deterministic_algorithms(wanted)


def uses_tf32(device: torch.device, precision: str, repeatable: bool) -> bool:
    """Whether products of float32 numbers are computed in TF32 for a config's precision."""
    return precision != "float32" and not repeatable and is_ampere(device) and torch.version.hip is None


@contextlib.contextmanager
def true_float32() -> Iterator[None]:
    """Inside, float32 is computed as float32 on any device."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    _allow_tf32(False)
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def _allow_tf32(allowed: bool) -> None:
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
