"""EfficientNet-Lite0 without its last layer, with its ImageNet weights: what it makes of a picture tells most things apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from core.architectures.efficientnet_lite0 import EfficientNetLite0
from core.training.halving import Fit, all_in_halves

BATCH = 32  # pictures at a time
SMALLEST = 64  # pixels a side; smaller pictures are enlarged to that
_fit = Fit()  # of this process


def photo_network() -> torch.nn.Module:
    """float32 (N, 3, S, S), as `network_inputs` makes them -> (N, 1280, S/32, S/32). Raises TrainDeskError."""
    settings = EfficientNetLite0()  # type: ignore[call-arg]
    network = settings.bare()
    state = torch.load(settings.imagenet_file(Path()), map_location="cpu", weights_only=True)
    network.load_state_dict(settings.named(state))
    return network.features.eval().to(memory_format=torch.channels_last)


def network_inputs(pixels: np.ndarray) -> torch.Tensor:
    """uint8 (N, 1 or 3, S, S) -> float32 (N, 3, S, S)."""
    colour = np.repeat(pixels, 3, axis=1) if pixels.shape[1] == 1 else pixels
    inputs = (torch.from_numpy(colour).float() - 127) / 128
    if inputs.shape[-1] < SMALLEST:
        inputs = torch.nn.functional.interpolate(inputs, (SMALLEST, SMALLEST), mode="bilinear")
    return inputs.contiguous(memory_format=torch.channels_last)


def photo_features(network: torch.nn.Module, pixels: np.ndarray) -> np.ndarray:
    """uint8 (N, 1 or 3, S, S) -> float32 (N, 1280), means over the picture. Raises OutOfMemory."""
    return in_blocks(network, pixels, lambda seen: seen.mean((2, 3))).numpy()


def in_blocks(
    network: torch.nn.Module, pixels: np.ndarray, what: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """`what` is to be known of what the network makes of pictures uint8 (N, 1 or 3, S, S), as many at a time as there is room
    for: float32 (N, ...). Raises OutOfMemory when there is none for one."""

    def of(start: int, end: int) -> torch.Tensor:
        with torch.inference_mode():
            return what(network(network_inputs(pixels[start:end])))

    return torch.cat(all_in_halves(len(pixels), BATCH, of, _fit, torch.device("cpu")))
