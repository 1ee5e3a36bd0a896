"""The tutorials' images, normalised, as two NumPy files: made once, then read by every process fed from memory.

Reading needs no torch: TensorFlow and torch bring an LLVM each, and the two in one process end it at once.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

VALUES = 30_000 * 28 * 28  # at most, 94 MB, in each of a dozen processes: 150 batches of the MLP, 239 of the CIFAR CNN


def prepare(recipe: str, folder: Path) -> None:
    """Writes images, float32 (N, C, H, W), and labels, int64 (N,)."""
    import torch
    from torchvision.transforms import Normalize

    from benchmarks.tutorials import TUTORIALS

    dataset = TUTORIALS[recipe][1](True)
    pixels = torch.as_tensor(dataset.data)  # uint8 (N, 28, 28) or (N, 32, 32, 3)
    rows = torch.randperm(len(pixels))[: VALUES // pixels[0].numel()]  # some sources lie in the order of their classes
    pixels = pixels[rows]
    images = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    images = images.float().div_(255).contiguous()
    for transform in getattr(dataset.transform, "transforms", ()):
        if isinstance(transform, Normalize):
            images = transform(images)
    np.save(folder / "images.npy", images.numpy())
    np.save(folder / "labels.npy", torch.as_tensor(dataset.targets)[rows].numpy())


def load(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """What `prepare` wrote."""
    return np.load(folder / "images.npy"), np.load(folder / "labels.npy")
