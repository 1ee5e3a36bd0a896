"""Networks of every kind with weights at random, and what they would know: for tests of what leaves the house."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import efficientnet, mobilenetv3

from core.architectures import ARCHITECTURES, efficientnet_lite0
from core.inference.classifier import Classifier
from core.inference.neighbours import NEIGHBOUR, Neighbours, directions, distances, small
from core.run_config import RunConfig

OWN = {
    "title": "Made up",
    "class_names": ["ant", "bee", "cat", "dog", "emu", "fox", "gnu"],
    "mean": [0.3, 0.5, 0.6],
    "deviation": [0.2, 0.25, 0.3],
}
DATASETS = {
    "digits": {"name": "digits"},  # 1 x 8 x 8
    "mnist": {"name": "mnist", "normalisation": "half"},  # 1 x 28 x 28
    "cifar10": {"name": "cifar10"},  # 3 x 32 x 32
    "own": {"name": "own_images", "side": 96, "source": "gone", "version": 1, "facts": OWN},
}


@contextmanager
def shallow() -> Iterator[None]:
    """Meanwhile the deepest networks have the first blocks of each kind alone: nothing else comes after these."""
    with pytest.MonkeyPatch.context() as patch:
        for name, bare in SHALLOW.items():
            patch.setattr(ARCHITECTURES.get(name), "bare", staticmethod(bare))
        for name in (*SHALLOW, "efficientnet_lite0"):
            patch.setattr(ARCHITECTURES.get(name), "last_block", "features_2")
        patch.setattr(efficientnet_lite0, "STAGES", ((1, 16, 1, 3, 1), (6, 24, 2, 3, 2), (6, 40, 1, 5, 2)))
        yield


def _shallow_b0(classes: int = 1000) -> nn.Module:
    """With a block that is added to what came in, of squeeze-and-excitation, and filters of 3 and 5 pixels."""
    stages = [
        efficientnet.MBConvConfig(1, 3, 1, 32, 16, 1),
        efficientnet.MBConvConfig(6, 3, 2, 16, 24, 2),
        efficientnet.MBConvConfig(6, 5, 2, 24, 40, 1),
    ]
    return efficientnet.EfficientNet(stages, dropout=0.2, num_classes=classes)


def _shallow_mobilenet(classes: int = 1000) -> nn.Module:
    """With and without squeeze-and-excitation, ReLU and hard swish, and a block that is added to what came in."""
    block = partial(mobilenetv3.InvertedResidualConfig, dilation=1, width_mult=1.0)
    blocks = [
        block(16, 3, 16, 16, True, "RE", 2),
        block(16, 3, 72, 24, False, "RE", 2),
        block(24, 5, 96, 24, True, "HS", 1),
    ]
    return mobilenetv3.MobileNetV3(blocks, 1024, num_classes=classes)


SHALLOW = {"efficientnet_b0": _shallow_b0, "mobilenet_v3_small": _shallow_mobilenet}


def random_classifier(
    architecture: str, dataset: str = "cifar10", loss: str = "cross_entropy", **settings
) -> Classifier:
    """A network whose weights, and what its layers keep beside them, are chance."""
    if "weights" in ARCHITECTURES.get(architecture).model_fields:
        settings = {"weights": "random", "train": "all"} | settings
        if dataset == "digits":  # of 8 x 8 pixels nothing is left after five halvings, and norms of nothing are chaos
            settings = {"enlarge_to": 64} | settings
    if architecture == "airbench":
        settings = {"channels": [64, 256] if dataset == "digits" else [32, 64]} | settings
    if architecture in ("cifar_cnn", "photo_cnn"):
        settings = {"channels": [16, 32]} | settings
    chosen = {"name": architecture, **settings}
    config = RunConfig.from_dict({"architecture": chosen, "dataset": DATASETS[dataset], "loss": {"name": loss}})
    info = config.dataset.info()
    torch.manual_seed(1)
    model = config.architecture.build(info.shape, len(info.class_names)).eval()
    classifier = Classifier(config, model, tuple(info.class_names), "best", 3)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        model.train()(
            classifier.inputs(random_pictures(classifier, 40, 4))
        )  # else deep layers would see next to nothing
        model.eval()
        last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
        last.weight.normal_()
        logits = model(classifier.inputs(random_pictures(classifier, 20, 5)))
        spread = logits.std(dim=0)[:, None] / 2  # answers that differ from picture to picture
        last.weight /= spread
        if last.bias is not None:
            last.bias.copy_((last.bias - logits.mean(dim=0)) / spread[:, 0])
    return classifier


def random_pictures(classifier: Classifier, count: int, seed: int) -> np.ndarray:
    """uint8 (count, C, H, W), smooth, of different brightness and colours."""
    channels, height, width = classifier.config.dataset.info().shape
    chance = np.random.default_rng(seed)
    coarse = (
        chance.integers(0, 256, (count, channels, -(-height // 4), -(-width // 4))).repeat(4, axis=2).repeat(4, axis=3)
    )
    fine = coarse[:, :, :height, :width] + chance.normal(0, 12, (count, channels, height, width))
    return (fine * chance.uniform(0.3, 1, (count, channels, 1, 1))).clip(0, 255).round().astype(np.uint8)


def random_known(classifier: Classifier, count: int = 60, temperature: float = 1.7) -> Neighbours:
    """As if it had learned from pictures of chance."""
    train, val = random_pictures(classifier, count, 10), random_pictures(classifier, 30, 11)
    features = directions(classifier.embed(train)[0]).astype(np.float16).astype(np.float32)
    return Neighbours(
        rows=np.arange(count),
        labels=np.zeros(count, np.int64),
        features=features,
        pixels=small(train),
        val_features=distances(features, directions(classifier.embed(val)[0]))[:, NEIGHBOUR - 1],
        val_pixels=distances(small(train), small(val))[:, NEIGHBOUR - 1],
        val_right=np.ones(30, bool),
        temperature=temperature,
    )
