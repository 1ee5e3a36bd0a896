"""The pictures of a run, decoded, split and on its device, in the precision it computes in."""

from __future__ import annotations

import math
from pathlib import Path

import torch

from core.config import RunConfig
from core.datasets.cache import open_images
from core.training.batches import Splits, split
from core.training.precision import choose_precision


def pixels_of_a_batch(config: RunConfig) -> int:
    """images x channels x height x width."""
    return config.training.batch_size * math.prod(config.dataset.info().shape)


def data_on_device(
    config: RunConfig, data_folder: Path, device: torch.device, precision_before: str | None = None
) -> tuple[Splits, torch.dtype]:
    """The splits, and the precision to compute in.

    `precision_before` is that of a run which goes on: what was chosen automatically is not chosen anew. The files must be
    there. Raises TrainDeskError.
    """
    training = config.training
    wanted = precision_before if precision_before and training.precision == "auto" else training.precision
    precision = choose_precision(wanted, device, pixels_of_a_batch(config))
    images = open_images(config.dataset, data_folder)
    dtype = inputs_type(config, precision)
    return split(images, config.dataset, training.validation_share, training.seed, device, dtype), precision


def inputs_type(config: RunConfig, precision: torch.dtype) -> torch.dtype:
    """The type in which pictures come out of the splits: augmentation computes in float32."""
    is_augmented = config.augmentation.is_on() or config.augmentation.mixes()
    return torch.float32 if is_augmented else precision
