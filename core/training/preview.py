"""What a network will see: some training pictures, and beside each how augmentation changes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.datasets import DatasetSettings
from core.training.augmentation import Augmentation

PICTURES, VARIANTS = 6, 7
GAP, WHITE = 3, 255  # pixels between pictures, and their colour


def preview(dataset: DatasetSettings, augmentation: Augmentation, seed: int, data_folder: Path) -> np.ndarray:
    """uint8 (PICTURES, 1 + VARIANTS, H, W, C): each picture as it is, then changed by chance. Raises DatasetError.

    MixUp is shown too, with other pictures of the preview.
    """
    images = torch.from_numpy(dataset.examples(data_folder, PICTURES)).float()  # (k, C, H, W), 0..255
    fill = torch.zeros(images.shape[1]) if dataset.black_background else None
    chance = torch.Generator().manual_seed(seed)
    rows = [images]
    for _ in range(VARIANTS):
        changed = augmentation.apply(images, chance, fill) if augmentation.is_on() else images
        if augmentation.mixes():
            changed, _, _ = augmentation.mix(changed, torch.zeros(len(images), dtype=torch.int64), chance)
        rows.append(changed)
    stacked = torch.stack(rows, dim=1).clamp(0, 255).round().byte()  # (k, 1 + v, C, H, W)
    return stacked.permute(0, 1, 3, 4, 2).contiguous().numpy()


def as_sheet(shown: np.ndarray) -> np.ndarray:
    """(k, n, H, W, C) uint8 as one picture (k * H + gaps, n * W + gaps, C), a row for each."""
    rows, columns, height, width, channels = shown.shape
    spaced = np.pad(shown, ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=WHITE)
    sheet = spaced.transpose(0, 2, 1, 3, 4).reshape(rows * (height + GAP), columns * (width + GAP), channels)
    return sheet[:-GAP, :-GAP]
