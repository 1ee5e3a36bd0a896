"""EfficientNet-Lite0 without its last layer, with its ImageNet weights: what it makes of a picture tells most things apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.architectures.efficientnet_lite0 import EfficientNetLite0

BATCH = 32  # pictures at a time
SMALLEST = 64  # pixels a side; smaller pictures are enlarged to that


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
    """uint8 (N, 1 or 3, S, S) -> float32 (N, 1280), means over the picture."""
    with torch.inference_mode():
        blocks = [
            network(network_inputs(pixels[start : start + BATCH])).mean((2, 3))
            for start in range(0, len(pixels), BATCH)
        ]
    return torch.cat(blocks).numpy()
