"""A training for someone's own pictures that works without knowing anything about trainings."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.own_data.shares import usual_share
from core.own_data.store import OwnDataset

SHOWN = 100_000  # pictures that a training from scratch shows, all epochs together: two minutes on two cores
FEWEST_EPOCHS, MOST_EPOCHS = 8, 80
DRAWN_STEPS = 900  # of a network that learns drawings
SIDES = (32, 48, 64)  # pixels from which photographs are learned from scratch
CHANGES = {"shift": 0.08, "scale": 0.15, "rotation": 8, "brightness": 0.15}  # of photographs


def suggested(dataset: OwnDataset) -> dict[str, Any]:
    """Plain data for RunConfig.from_dict: a network that learns these pictures from scratch.

    Drawings take a small network on their ink. Photographs take PhotoCNN, one cycle and random changes: of 5,000 pictures of
    CIFAR-10 it learns 72 % in 30 epochs, where the network for drawings learns 59 %.
    """
    members = dataset.members()
    pictures = int((members.splits != 2).sum())
    drawn = dataset.about("fit") == "ink"
    batch = max(2, min(64 if pictures > 2000 else 32, pictures // 4))
    counts = np.unique(members.classes, return_counts=True)[1]
    unequal = len(counts) > 1 and counts.max() > 2 * counts.min()
    colour = dataset.about("colour") or ("colour" if _has_colour(dataset) else "grey")
    side = 28 if drawn else _side(dataset)
    shown = DRAWN_STEPS * batch if drawn else SHOWN
    epochs = int(np.clip(round(shown / max(1, pictures)), 3 if drawn else FEWEST_EPOCHS, 60 if drawn else MOST_EPOCHS))
    how = _for_drawings() if drawn else _for_photographs(side)
    return {
        "title": dataset.title,
        "dataset": {
            "name": "own_images",
            "source": dataset.id,
            "side": side,
            "fit": "ink" if drawn else dataset.about("fit") or "crop",
            "colour": "grey" if drawn else colour,
        },
        **how,
        "schedule": "one_cycle",
        "training": {
            "epochs": epochs,
            "batch_size": batch,
            "validation_share": usual_share(members.classes[members.splits != 2]),
            "balance": dataset.about("balance") or ("sampling" if unequal else "off"),
        },
    }


def _for_drawings() -> dict[str, Any]:
    return {
        "architecture": {"name": "improved_cnn", "channels": [32, 64], "dropout": 0.3},
        "loss": {"name": "cross_entropy", "label_smoothing": 0.05},
        "optimizer": {"name": "adam", "learning_rate": 0.002},
        "augmentation": {"shift": 0.08, "rotation": 12, "scale": 0.12, "stretch": 0.12, "shear": 0.2},
    }


def _for_photographs(side: int) -> dict[str, Any]:
    return {
        "architecture": {"name": "photo_cnn", "channels": [32, 64, 128] if side <= 32 else [16, 32, 64, 128]},
        "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
        "optimizer": {"name": "adamw", "learning_rate": 0.003, "weight_decay": 0.01},
        "augmentation": {"flip": True, **CHANGES},
    }


def with_transfer(data: dict[str, Any]) -> dict[str, Any]:
    """The same pictures by a network that knows a million photos: EfficientNet-Lite0, whose last blocks learn on.

    Ants and bees (229 training pictures): 94 to 95 % of 149, where PhotoCNN reads 71 %; 5,000 pictures of CIFAR-10: 81 %.
    """
    fit = "crop" if data["dataset"]["fit"] == "ink" else data["dataset"]["fit"]
    return data | {
        "dataset": data["dataset"] | {"normalisation": "half", "side": 224, "fit": fit},
        "architecture": {"name": "efficientnet_lite0", "train": "last_block", "backbone_pace": 0.3},
        "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
        "optimizer": {"name": "adamw", "learning_rate": 0.001, "weight_decay": 0.01},
        "augmentation": {"flip": True},
        "training": data["training"] | {"epochs": 10, "best_by": "loss"},
    }


def _has_colour(dataset: OwnDataset) -> bool:
    with dataset.connected() as connection:
        return bool(connection.execute("select max(colour) from images").fetchone()[0])


def _side(dataset: OwnDataset) -> int:
    """The next size below that of the usual picture, at most the largest of SIDES."""
    with dataset.connected() as connection:
        usual = connection.execute(
            "select min(width, height) from images order by 1 limit 1 offset (select count(*) / 2 from images)"
        ).fetchone()[0]
    return max((side for side in SIDES if side <= usual), default=SIDES[0])
