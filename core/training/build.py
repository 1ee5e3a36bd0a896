"""A config made into what trains: the network with its optimizer, what the loop needs to know, what a checkpoint says.

Here configs stop: the loop and its parts take plain values and the settings of their own part.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from core.run_config import RunConfig
from core.training.batches import Splits
from core.training.fast_layers import speed_up
from core.training.loop import TrainingState
from core.training.optimizers import parameter_groups
from core.training.sampling import least_batch
from core.training.setup import Setup
from core.training.weight_average import WeightAverage


def setup_of(config: RunConfig) -> Setup:
    """How the network of a config trains."""
    return Setup(
        training=config.training,
        loss=config.loss,
        schedule=config.schedule,
        augmentation=config.augmentation,
        classes=len(config.dataset.info().class_names),
        smallest_batch=config.architecture.smallest_batch,
        black_background=config.dataset.black_background,
    )


def description_of(config: RunConfig) -> dict[str, Any]:
    """What a checkpoint says of its run as plain values: the config, class names, shape (C, H, W), mean and deviation (C,)."""
    info = config.dataset.info()
    mean, deviation = config.dataset.mean_and_deviation()
    return {
        "config": config.to_dict(),
        "class_names": list(info.class_names),
        "shape": list(info.shape),
        "mean": list(mean),
        "deviation": list(deviation),
    }


def begin(
    config: RunConfig,
    splits: Splits,
    device: torch.device,
    weights_folder: Path | None,
    precision: torch.dtype = torch.float32,
    earlier: dict[str, Any] | None = None,
) -> TrainingState:
    """A fresh network on the device, with its optimizer.

    It starts from the weights of an `earlier` run's checkpoint, else from published weights in `weights_folder` if the
    architecture asks for them, else at random. Raises TrainDeskError when such weights cannot be had or do not fit.
    """
    torch.manual_seed(config.training.seed)  # weights and dropout
    class_names = config.dataset.info().class_names
    model = config.architecture.build(splits.train.shape, len(class_names))
    if config.architecture.sample_pictures:
        config.architecture.look_at(model, splits.train.sample(config.architecture.sample_pictures))
    if earlier is not None:
        from core.training.start_weights import Classes, copy_matching

        copy_matching(model, earlier["model"], Classes(class_names, earlier["class_names"]))
    elif weights_folder is not None:
        config.architecture.load_initial_weights(model, weights_folder)
    model = model.to(device, memory_format=splits.train.layout)  # type: ignore[call-overload]
    speed_up(model)
    optimizer = config.optimizer.build(parameter_groups(model, config.optimizer, config.architecture.lr_scale))
    decay = config.training.average_decay
    average = WeightAverage(model, decay) if decay else None
    least = least_batch(config.training.batch_size)
    return TrainingState(
        model, optimizer, config.optimizer.learning_rate, precision, least, average, layout=splits.train.layout
    )
