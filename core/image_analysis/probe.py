"""Seconds of looking at own pictures that decide which training is suggested for them.

A process of its own: `python -m core.image_analysis.probe SET VERSION`.

Linear classifiers on the features of a network that knows photos, beside the same on small pixels, each judged on pictures it
did not learn from; mirror images beside the originals; and a few real steps of the suggested trainings, for their time.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.errors import TrainDeskError
from core.image_analysis.photo_features import in_blocks, photo_network
from core.image_analysis.ridge import FOLDS, solved, standard
from core.image_sets.decode import prepared
from core.image_sets.evidence import SCRATCH, TRANSFER, Evidence, evidence_of, keep_evidence
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.suggest import advice, from_scratch, transfer
from core.run_config import RunConfig
from core.training.forecast import seconds_by_sample

MOST = 200  # pictures looked at
SIDE = 128  # pixels, of what the network sees
SMALL = 16  # pixels a side of the plain classifier's
SWAPS = 0.65  # share of a class that is read right, and as the other class in a mirror
STARTING = 3.0  # seconds until a training's process takes its first step, and to keep its checkpoints
TIMED = 64  # pictures on which the trainings' steps are measured


def probe(dataset: OwnDataset, version: int, times: bool = True) -> Evidence:
    """Looks, keeps what was found with the dataset and returns it. Raises TrainDeskError and OSError."""
    if (known := evidence_of(dataset, version)) and known.is_complete():
        return known
    images, labels, groups = _chosen(dataset, version)
    names = {each.id: each.name for each in dataset.classes(version)}
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2 or len(images) < 2 * FOLDS:
        evidence = Evidence()
    else:
        drawn = dataset.about("fit") == "ink"
        pixels = _pixels(dataset, images, {"channels": 3, "side": SIDE, "fit": "stretch"})  # nothing is cut off
        seen = evidence = _looked_at(pixels, codes, groups, [names[each] for each in classes.tolist()], drawn)
        keep_evidence(dataset, version, seen)
        if times:
            evidence = replace(seen, seconds=_seconds(dataset, version, advice(dataset, seen).mirror, images, codes))
    keep_evidence(dataset, version, evidence)
    return evidence


def _chosen(dataset: OwnDataset, version: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers, class ids and groups of at most MOST pictures that are not for the test, every class as often as it can."""
    members = dataset.members(version)
    order = np.random.default_rng(0).permutation(np.flatnonzero(members.splits != 2))
    turn = np.zeros(len(order), dtype=np.int64)  # the how manieth of its class
    for label in np.unique(members.classes):
        mine = members.classes[order] == label
        turn[mine] = np.arange(mine.sum())
    chosen = np.sort(order[np.argsort(turn, kind="stable")[:MOST]])
    return members.images[chosen], members.classes[chosen], members.group_ids[chosen]


def _pixels(dataset: OwnDataset, images: np.ndarray, how: dict[str, Any]) -> np.ndarray:
    """uint8 (N, C, S, S)."""
    return np.concatenate([block for _, block in prepared(dataset, images, how)])


def _looked_at(pixels: np.ndarray, codes: np.ndarray, groups: np.ndarray, names: list[str], drawn: bool) -> Evidence:
    small = torch.from_numpy(pixels).float().unflatten(-1, (SMALL, -1)).unflatten(-3, (SMALL, -1)).mean((-3, -1))
    sets = {"pixels": (small.flatten(1).numpy(), small.flip(-1).flatten(1).numpy())}
    if not drawn:
        original, mirrored = features(pixels), features(pixels[..., ::-1].copy())
        sets["features"] = (original.mean((2, 3)).numpy(), mirrored.mean((2, 3)).numpy())
        sets["places"] = (original.flatten(1).numpy(), mirrored.flatten(1).numpy())
    read = {name: _out_of_fold(*pair, codes, groups) for name, pair in sets.items()}
    best = max((read[name] for name in ("pixels", "places") if name in read), key=lambda each: each.right)
    swapped = next((pair for each in read.values() if (pair := each.swapped(codes))), None)
    return Evidence(
        pictures=len(codes),
        classes=len(names),
        features=read["features"].right if not drawn else 0.0,
        pixels=read["pixels"].right,
        originals=best.right,
        mirrored=best.right_mirrored,
        swapped=tuple(names[each] for each in swapped) if swapped else (),
    )


def features(pixels: np.ndarray) -> torch.Tensor:
    """uint8 (N, 3, S, S), S a multiple of 64 -> float32 (N, 1280, 2, 2): EfficientNet-Lite0's of each quarter."""
    return in_blocks(photo_network(), pixels, lambda seen: torch.nn.functional.adaptive_avg_pool2d(seen, 2))


@dataclass(frozen=True)
class _Read:
    """What linear classifiers read in pictures and in their mirror images, (N,) each, by those that knew neither."""

    original: np.ndarray
    mirrored: np.ndarray
    right: float
    right_mirrored: float

    def swapped(self, codes: np.ndarray) -> tuple[int, int] | None:
        """The first two classes of which each becomes the other in a mirror."""
        count = int(codes.max()) + 1
        plain, mirror = np.zeros((count, count)), np.zeros((count, count))
        np.add.at(plain, (codes, self.original), 1)
        np.add.at(mirror, (codes, self.mirrored), 1)
        sizes = np.maximum(1, plain.sum(1, keepdims=True))
        plain, mirror = plain / sizes, mirror / sizes
        for one in range(count):
            for other in range(one + 1, count):
                if all(mirror[a, b] >= SWAPS <= plain[a, a] for a, b in ((one, other), (other, one))):
                    return one, other
        return None


def _out_of_fold(rows: np.ndarray, mirrored: np.ndarray, codes: np.ndarray, groups: np.ndarray) -> _Read:
    """Ridge regression on classes in as many folds, look-alikes in one: rows (N, F) and those of the mirror images."""
    _, numbers = np.unique(groups, return_inverse=True)
    folds = np.random.default_rng(0).permutation(numbers.max() + 1)[numbers] % FOLDS
    found, found_mirrored = np.zeros(len(codes), dtype=np.int64), np.zeros(len(codes), dtype=np.int64)
    targets = np.eye(int(codes.max()) + 1)[codes]
    for fold in range(FOLDS):
        inside, outside = folds != fold, folds == fold
        if not outside.any() or not inside.any():
            continue
        mean, scale = standard(rows[inside])
        learned, asked, asked_mirrored = (
            ((some - mean) * scale).astype(np.float64) for some in (rows[inside], rows[outside], mirrored[outside])
        )
        level = targets[inside].mean(0)
        weights = solved(learned @ learned.T, targets[inside] - level)
        found[outside] = (asked @ learned.T @ weights + level).argmax(1)
        found_mirrored[outside] = (asked_mirrored @ learned.T @ weights + level).argmax(1)
    return _Read(found, found_mirrored, float((found == codes).mean()), float((found_mirrored == codes).mean()))


def _seconds(
    dataset: OwnDataset, version: int, mirror: bool, images: np.ndarray, codes: np.ndarray
) -> dict[str, float]:
    """Of both suggested trainings, measured on a few of their steps with some of the pictures."""
    splits = dataset.members(version).splits
    test = int((splits == 2).sum())
    chosen = np.random.default_rng(0).permutation(len(images))[:TIMED]
    found = {}
    for kind, data in ((SCRATCH, from_scratch(dataset, mirror)), (TRANSFER, transfer(dataset, mirror))):
        config = RunConfig.from_dict(data)
        how = {name: data["dataset"][name] for name in ("side", "fit")} | {"channels": config.dataset.info().shape[0]}
        pixels = _pixels(dataset, images[chosen], how)
        seconds = seconds_by_sample(config, pixels, codes[chosen], len(splits) - test, test)
        found[kind] = round(STARTING + seconds, 1)
    return found


if __name__ == "__main__":
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    try:
        probe(OwnDataset(folder), number)
    except (TrainDeskError, OSError) as error:
        sys.exit(str(error))
