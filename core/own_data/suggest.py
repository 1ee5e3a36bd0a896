"""A training for someone's own pictures that works without knowing anything about trainings."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.own_data.store import OwnDataset

STEPS = 900  # about so many, whatever the number of pictures
FEWEST_EPOCHS, MOST_EPOCHS = 3, 60
SIDES = (32, 48, 64, 96)


def suggested(dataset: OwnDataset) -> dict[str, Any]:
    """Plain data for RunConfig.from_dict: a small convolutional network, as many epochs as the pictures need."""
    members = dataset.members()
    pictures = int((members.splits != 2).sum())
    drawn = dataset.about("fit") == "ink"
    batch = max(2, min(64 if pictures > 5000 else 32, pictures // 4))
    epochs = int(np.clip(round(STEPS * batch / max(1, pictures)), FEWEST_EPOCHS, MOST_EPOCHS))
    counts = np.unique(members.classes, return_counts=True)[1]
    unequal = len(counts) > 1 and counts.max() > 2 * counts.min()
    colour = dataset.about("colour") or ("colour" if _has_colour(dataset) else "grey")
    side = 28 if drawn else _side(dataset)
    if drawn:
        augmentation = {"shift": 0.08, "rotation": 12, "scale": 0.12, "stretch": 0.12, "shear": 0.2}
    else:
        augmentation = {"flip": True, "shift": 0.08, "scale": 0.15, "brightness": 0.15, "rotation": 8}
    return {
        "title": dataset.title,
        "dataset": {
            "name": "own_images",
            "source": dataset.id,
            "side": side,
            "fit": "ink" if drawn else dataset.about("fit") or "crop",
            "colour": "grey" if drawn else colour,
        },
        "architecture": {"name": "improved_cnn", "channels": [32, 64] if side <= 32 else [16, 32, 64], "dropout": 0.3},
        "loss": {"name": "cross_entropy", "label_smoothing": 0.05},
        "optimizer": {"name": "adam", "learning_rate": 0.002},
        "schedule": "one_cycle",
        "augmentation": augmentation,
        "training": {
            "epochs": epochs,
            "batch_size": batch,
            "validation_share": _share(members.classes[members.splits != 2]),
            "balance": dataset.about("balance") or ("sampling" if unequal else "off"),
        },
    }


def with_transfer(data: dict[str, Any]) -> dict[str, Any]:
    """The same training by ResNet18 that starts from ImageNet weights and learns its last layer."""
    fit = "crop" if data["dataset"]["fit"] == "ink" else data["dataset"]["fit"]
    return data | {
        "dataset": data["dataset"] | {"normalisation": "imagenet", "side": 128, "fit": fit},
        "architecture": {"name": "resnet18", "weights": "imagenet", "train": "head"},
        "augmentation": {"flip": True},
        "training": data["training"] | {"epochs": min(10, data["training"]["epochs"])},
    }


def _share(classes: np.ndarray) -> float:
    """Of the training pictures for `val`: a tenth, or what one of each class makes."""
    labels = len(np.unique(classes))
    return round(float(min(0.5, max(0.1, 1.2 * labels / max(1, len(classes))))), 2)


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
