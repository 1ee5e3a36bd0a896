"""Trainings for someone's own pictures that work without knowing anything about trainings, and which of them comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.image_sets.evidence import SCRATCH, TRANSFER, Evidence, evidence_of
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.shares import usual_share
from core.text.numbers import percent

SHOWN = 140_000  # pictures that a training from scratch shows, all epochs together: three minutes on two cores
FEWEST_EPOCHS, MOST_EPOCHS = 8, 100
DRAWN_STEPS = 900  # of a network that learns drawings
SIDES = (32, 48, 64)  # pixels from which photographs are learned from scratch
CHANGES = {"shift": 0.08, "scale": 0.15, "rotation": 8, "brightness": 0.15}  # of photographs

FEW = 500  # training pictures up to which the last layer alone learns, on features of the full size
PER_PICTURE = 0.009  # seconds for EfficientNet-Lite0 forward at 224 pixels on two cores, and for its last blocks' step
LONGEST = 170.0  # seconds of transfer learning on two cores
TRANSFER_SIDES = (224, 160, 128, 96)
FEW_EPOCHS, HEAD_EPOCHS, FEWEST_BLOCK_EPOCHS, MOST_BLOCK_EPOCHS = 30, 10, 10, 20

COLLECTED_SIDE = 224  # pixels of photos while they are collected
DRAWN_SIDE, DRAWN_ENLARGED = 28, 64  # of drawings: three of each of 24 kinds are enough to read 99 % of others

PLAIN = 0.4  # of the way from guessing to all right that small pixels alone read: then shapes and places are regular
PER_CLASS = 80  # training pictures of each class from which regular pictures are learned from scratch
BETTER = 0.05  # share by which features must read more than pixels


@dataclass(frozen=True)
class Advice:
    """Which training comes first, and what is to be said about it."""

    first: str  # TRANSFER or SCRATCH
    why: str  # one sentence
    mirror: bool  # may pictures be mirrored?
    about_mirror: str = ""  # a sentence when there is doubt about it


def suggested(dataset: OwnDataset, kind: str = "") -> dict[str, Any]:
    """Plain data for RunConfig.from_dict: the training of that kind, or the one that comes first by what is known."""
    told = advice(dataset, evidence_of(dataset))
    return (transfer if (kind or told.first) == TRANSFER else from_scratch)(dataset, told.mirror)


def advice(dataset: OwnDataset, evidence: Evidence | None) -> Advice:
    """By the evidence of the newest version, or by the number of pictures while there is none. Raises OwnDataError."""
    drawn = dataset.about("fit") == "ink"
    known = evidence if evidence is not None and evidence.pictures else None
    mirror, about_mirror = not drawn, ""
    if known and not drawn:
        mirror = known.mirror_is_harmless()
        if known.swapped:
            about_mirror = f"In a mirror {known.swapped[0]} looks like {known.swapped[1]}."
        elif not mirror:
            about_mirror = (
                f"Mirror images are read less well: {percent(known.mirrored, 0)} right, and the pictures "
                f"{percent(known.originals, 0)}."
            )
    if chosen := dataset.about("mirror"):
        mirror = chosen == "on"
    members = dataset.members()
    learned = members.classes[members.splits != 2]
    fewest = int(np.unique(learned, return_counts=True)[1].min(initial=len(learned)))
    return Advice(*_first(known, fewest, drawn), mirror, about_mirror)


def _first(known: Evidence | None, fewest: int, drawn: bool) -> tuple[str, str]:
    """Which training comes first, and why; `fewest`: training pictures of the smallest class."""
    if drawn:
        return SCRATCH, "These are drawings: a small network learns them best from their ink alone."
    if known is None:
        return TRANSFER, "A network that knows photos needs the fewest pictures."
    features, pixels = percent(known.features, 0), percent(known.pixels, 0)
    trial = f"On {known.pictures} of your pictures"
    if known.above_chance(known.pixels) >= PLAIN and fewest >= PER_CLASS:
        alike = f"{trial} small pixels alone gave {pixels} right: they are much alike"
        return SCRATCH, f"{alike}, and {fewest:,} of each class are enough to learn them from scratch."
    if known.features >= known.pixels + BETTER:
        return TRANSFER, f"{trial} a network that knows photos gave {features} right, and small pixels {pixels}."
    if fewest >= PER_CLASS:
        return SCRATCH, f"{trial} knowing photos helped little: {features} right, and {pixels} by small pixels alone."
    few = f"With {fewest:,} of each class there are too few to learn from nothing"
    return TRANSFER, f"{few}; a network that knows photos helps."


def from_scratch(dataset: OwnDataset, mirror: bool = True) -> dict[str, Any]:
    """A network that learns these pictures from nothing.

    Drawings take a small network on their ink. Photographs take PhotoCNN, one cycle and random changes: of 5,000 pictures of
    CIFAR-10 it learns 72 % in 30 epochs, where the network for drawings learns 59 %.
    """
    drawn = dataset.about("fit") == "ink"
    colour = dataset.about("colour") or ("colour" if dataset.has_colour() else "grey")
    usual = dataset.usual_side()
    side = 28 if drawn else max((side for side in SIDES if side <= usual), default=SIDES[0])
    training, pictures = _training(dataset)
    shown = DRAWN_STEPS * training["batch_size"] if drawn else SHOWN
    epochs = int(np.clip(round(shown / max(1, pictures)), 3 if drawn else FEWEST_EPOCHS, 60 if drawn else MOST_EPOCHS))
    how = _for_drawings() if drawn else _for_photographs(side, mirror)
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
        "training": training | {"epochs": epochs},
    }


def transfer(dataset: OwnDataset, mirror: bool = True) -> dict[str, Any]:
    """The same pictures by a network that knows a million photos: EfficientNet-Lite0 from its ImageNet weights.

    Its frozen layers see every picture once. The last layer alone learns few pictures; of more the last blocks learn too, at
    the largest size for which that takes minutes; of very many the last layer alone again. Ants and bees (229 training
    pictures): 94 to 95 % of 149, where PhotoCNN reads 71 %. 5,000 pictures of CIFAR-10: 81 %.
    """
    plain = from_scratch(dataset, mirror)
    training, pictures = _training(dataset)
    few = pictures <= FEW
    side, train, epochs = within_time(pictures, 3 * dataset.usual_side())
    return plain | {
        "dataset": plain["dataset"]
        | {"normalisation": "half", "side": side, "fit": dataset.about("fit").replace("ink", "") or "crop"},
        "architecture": {
            "name": "efficientnet_lite0",
            "train": train,
            "backbone_lr_scale": 0.3 if pictures <= 2 * FEW else 1.0,
        },
        # of ants and bees 95.1 % of 149 on average over eight seeds, 94.6 % at least
        "loss": {"name": "cross_entropy", "label_smoothing": 0.0 if few else 0.1},
        "optimizer": {"name": "adamw", "learning_rate": 0.0005 if few else 0.001, "weight_decay": 0.01},
        "augmentation": {"flip": mirror},
        # of the few validation pictures of so few none can say which epoch is the best: the cycle's end is
        "training": training | {"epochs": epochs, "best_by": "last" if few else "loss"},
    }


def collected_how(fit: str) -> dict[str, Any]:
    """How pictures are looked at while they are collected: what `prepare_square` takes."""
    drawn = fit == "ink"
    return {"channels": 1 if drawn else 3, "side": DRAWN_SIDE if drawn else COLLECTED_SIDE, "fit": fit or "crop"}


def as_collected(dataset: OwnDataset) -> dict[str, Any]:
    """The network that answered while the pictures were collected: its last layer on frozen features, drawings by their ink."""
    how = collected_how(dataset.about("fit"))
    plain = transfer(dataset, mirror=False)
    training = plain["training"] | {"epochs": FEW_EPOCHS, "best_by": "last"}
    return plain | {
        "dataset": plain["dataset"]
        | {"side": how["side"], "fit": how["fit"], "colour": "colour" if how["channels"] == 3 else "grey"},
        "architecture": plain["architecture"]
        | {"train": "head", "enlarge_to": DRAWN_ENLARGED if how["fit"] == "ink" else 0},
        "loss": {"name": "cross_entropy"},
        "optimizer": plain["optimizer"] | {"learning_rate": 0.0005},
        "training": training,
    }


def within_time(pictures: int, largest: int) -> tuple[int, str, int]:
    """(side, what trains, epochs): features of pictures and mirror images, then a step of the last blocks in each epoch."""
    if pictures <= FEW:
        return TRANSFER_SIDES[0], "head", FEW_EPOCHS
    sides = [side for side in TRANSFER_SIDES if side <= largest] or [TRANSFER_SIDES[-1]]
    for side in sides:
        passes = LONGEST / (PER_PICTURE * (side / 224) ** 2 * pictures)
        if passes >= 2 + FEWEST_BLOCK_EPOCHS:
            return side, "last_block", min(MOST_BLOCK_EPOCHS, int(passes) - 2)
    return sides[-1], "head", HEAD_EPOCHS


def _training(dataset: OwnDataset) -> tuple[dict[str, Any], int]:
    """What both kinds have in common, and how many pictures there are to learn from."""
    members = dataset.members()
    classes = members.classes[members.splits != 2]
    counts = np.unique(members.classes, return_counts=True)[1]
    unequal = len(counts) > 1 and counts.max() > 2 * counts.min()
    return {
        "batch_size": max(2, min(64 if len(classes) > 2000 else 32, len(classes) // 4)),
        "validation_share": usual_share(classes),
        "balance": dataset.about("balance") or ("sampling" if unequal else "off"),
    }, len(classes)


def _for_drawings() -> dict[str, Any]:
    return {
        "architecture": {"name": "improved_cnn", "channels": [32, 64], "dropout": 0.3},
        "loss": {"name": "cross_entropy", "label_smoothing": 0.05},
        "optimizer": {"name": "adam", "learning_rate": 0.002},
        "augmentation": {"shift": 0.08, "rotation": 12, "scale": 0.12, "stretch": 0.12, "shear": 0.2},
    }


def _for_photographs(side: int, mirror: bool) -> dict[str, Any]:
    return {
        "architecture": {"name": "photo_cnn", "channels": [32, 64, 128] if side <= 32 else [16, 32, 64, 128]},
        "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
        "optimizer": {"name": "adamw", "learning_rate": 0.003, "weight_decay": 0.01},
        "augmentation": {"flip": mirror, **CHANGES},
    }
