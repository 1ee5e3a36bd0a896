"""The pictures of a run, decoded, split and on its device, in the precision it computes in."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.datasets.cache import as_matrix, images_in, open_images
from core.datasets.corrections import corrected_pictures, corrections_in
from core.errors import TrainDeskError
from core.run_config import RunConfig
from core.runs.brought import Brought
from core.training.batches import Splits, split
from core.training.fastest import Choice, choose_way

NOTHING = Brought()


def pixels_of_a_batch(config: RunConfig) -> int:
    """images x channels x height x width."""
    return config.training.batch_size * math.prod(config.dataset.info().shape)


def data_on_device(
    config: RunConfig,
    data_folder: Path,
    device: torch.device,
    before: dict[str, Any] | None = None,
    brought: Brought = NOTHING,
) -> tuple[Splits, Choice]:
    """The splits, and how to compute.

    `before` is what the checkpoint of a run that goes on says: what was chosen is not chosen anew. What was brought
    for it is read in place of what this computer has; the files must be there. Raises TrainDeskError.
    """
    training = config.training
    choice = choose_way(config, device, data_folder, pixels_of_a_batch(config), before)
    decoded, corrections = (brought.folder(kind, data_folder) for kind in ("decoded", "corrections"))
    images = images_in(decoded, config.dataset) if decoded else open_images(config.dataset, data_folder)
    dtype = inputs_type(config, choice.way.precision)
    own = None
    if training.own_pictures:
        own = corrections_in(corrections) if corrections else corrected_pictures(config.dataset, data_folder)
    share, limit = training.validation_share, training.training_pictures
    splits = split(images, config.dataset, share, training.seed, device, dtype, limit=limit, layout=choice.way.layout)
    return with_own(splits, own, training.own_pictures), choice


def with_own(splits: Splits, own: tuple[np.ndarray, np.ndarray] | None, times: int) -> Splits:
    """The splits with someone's own pictures, uint8 (N, C, H, W) and int64 (N,), so many times among the training pictures.

    `val` and `test` stay as they are. Raises TrainDeskError when the dataset does not fit into memory.
    """
    if own is None or not len(own[1]):
        return splits
    train = splits.train
    if train.streams:
        raise TrainDeskError(
            "Your own pictures can only be added to a dataset that fits into memory; set 'My corrections' to 0."
        )
    pixels = as_matrix(torch.from_numpy(own[0])).to(train.device)
    labels = torch.from_numpy(own[1]).to(train.device)
    first = len(train.pixels)
    rows = torch.arange(first) if train.rows is None else train.rows
    added = torch.arange(first, first + len(pixels), device=rows.device).repeat(times)
    more = replace(
        train,
        pixels=torch.cat([train.pixels, pixels]),
        rows=torch.cat([rows, added]),
        labels=torch.cat([train.labels, labels.repeat(times)]),
    )
    return replace(splits, train=more)


def inputs_type(config: RunConfig, precision: torch.dtype) -> torch.dtype:
    """The type in which pictures come out of the splits: augmentation computes in float32."""
    is_augmented = config.augmentation.is_on() or config.augmentation.mixes()
    return torch.float32 if is_augmented else precision
