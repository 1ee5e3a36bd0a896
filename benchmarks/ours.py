"""A recipe made ready to train in a benchmark's own process, as the worker makes it ready."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from benchmarks.cifar_zip import load_cifar10
from core.datasets.cache import open_images
from core.paths import data_folder
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.training.batches import Splits, split
from core.training.build import begin
from core.training.data import inputs_type, pixels_of_a_batch
from core.training.evaluation import drained, evaluate
from core.training.fastest import choose_way
from core.training.loop import TrainingState

CPU = torch.device("cpu")


def prepared(recipe: str, seed: int = 0, precision: str = "auto") -> tuple[RunConfig, Splits, TrainingState]:
    """Config, data and fresh state of a recipe on the CPU. CIFAR-10 may come from the ZIP of benchmarks.cifar_zip."""
    settings = find_recipe(recipe).config().to_dict()
    settings["training"] |= {"seed": seed, "precision": precision}
    config = RunConfig.from_dict(settings)
    images = load_cifar10() if config.dataset.name == "cifar10" else open_images(config.dataset, data_folder())
    way = choose_way(config, CPU, data_folder(), pixels_of_a_batch(config)).way
    share = config.training.validation_share
    splits = split(images, config.dataset, share, seed, CPU, inputs_type(config, way.precision), layout=way.layout)
    return config, splits, begin(config, splits, CPU, data_folder() / "weights", way.precision)


def accuracy_on_test(model: nn.Module, config: RunConfig, splits: Splits, precision: torch.dtype) -> float:
    """Share of the test images that the network reads rightly."""
    measuring = evaluate(model, replace(splits.test, dtype=torch.float32), config.loss, 250, precision)
    return drained(measuring).accuracy
