"""Training pictures as a network sees them: those most similar to a picture, and whether a picture is like any of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from core.datasets.cache import open_images
from core.image_sets.splitting import TRAIN, VAL
from core.inference import USUALLY_ANSWERED
from core.inference.classifier import Classifier
from core.training.batches import plan_of_images

MOST = 6000  # training pictures that are compared with
MOST_VAL = 2000
# A network for photos takes 30 ms for one on two cores, and all of them would be four minutes: then so many multiply-adds, and as
# many pictures whatever they take, copies and all.
MOST_WORK, LEAST = 250_000_000_000, 1400
WIDEST = 256  # dimensions in which features are compared
SIDE = 32  # pixels: larger pictures are compared made smaller, and 6,000 of 224 x 224 would take 3.6 GB
COLDEST_TO_HOTTEST = (-0.5, 2.5)  # logarithms; few pictures, all of them right, would make it infinitely sure
COPIES = 3  # of each picture, changed at random, of networks that were trained on such
# The least unit of distances between directions: half-precision digits and sums in float32 leave some 5e-7 of them uncertain, and
# a network that has hardly learned yet sees less than that between any two pictures. Trained ones have 0.1 to 1.3.
FINEST = 5e-3
APART = 5e-4  # of each other: scores that no rounding takes for the same
NEIGHBOUR = 3  # whose distance counts: one lone strange training picture must not make everything familiar


@dataclass(frozen=True)
class Compared:
    """The pictures of a network's training that others are compared with, and the `val` pictures held out from them.

    Where it was trained on pictures changed at random, such changed copies follow the pictures themselves.
    """

    train_rows: np.ndarray  # (M,) int64: which pictures of the dataset's training images
    train: np.ndarray  # (M, C, H, W) uint8
    train_labels: np.ndarray  # (M,) int64
    val: np.ndarray  # (V, C, H, W) uint8
    val_labels: np.ndarray  # (V,) int64
    val_alone: int  # how many of `val`, from the first on, are pictures as they are

    @classmethod
    def of(cls, classifier: Classifier, data_folder: Path) -> Compared:
        """At most MOST and MOST_VAL, or as many copies of fewer, and no more than MOST_WORK allows. Raises DatasetError."""
        training, dataset = classifier.config.training, classifier.config.dataset
        images = open_images(dataset, data_folder)
        share, learned = training.validation_share, training.training_pictures
        plan = plan_of_images(images, len(classifier.class_names), share, training.seed, learned)
        parts = plan.parts[: len(images.train_labels)]
        chance, is_changed = np.random.default_rng(0), classifier.config.augmentation.is_on()
        room = classifier.affordable(MOST_WORK, LEAST) // 4
        train, val = (
            _some(np.flatnonzero(mask), min(most, limit // 2 if is_changed else limit), chance)
            for mask, most, limit in ((parts == TRAIN, MOST, 3 * room), (parts == VAL, MOST_VAL, room))
        )
        labels, val_alone = images.train_labels.numpy(), len(val)
        train_pictures, val_pictures = images.train_pictures(train), images.train_pictures(val)
        if is_changed:
            copies = max(1, min(COPIES, MOST // len(train), 3 * room // len(train) - 1))
            train_pictures = _changed(train_pictures, classifier, copies)
            val_pictures = _changed(val_pictures, classifier, copies)
            train, val = np.tile(train, 1 + copies), np.tile(val, 1 + copies)
        return cls(train, train_pictures, labels[train], val_pictures, labels[val], val_alone)


@dataclass(frozen=True)
class Neighbours:
    """What is known of the pictures a network learned from, and of the `val` pictures held out from them."""

    rows: np.ndarray  # (M,) int64: which pictures of the dataset's training images
    labels: np.ndarray  # (M,) int64
    features: np.ndarray  # (M, F) float32, exactly float16's: what enters the last layer, as `directions`
    pixels: np.ndarray  # (M, P) float32 of `small`
    val_features: np.ndarray  # (V,) distance to the NEIGHBOUR-th nearest, ascending order of `val` kept
    val_pixels: np.ndarray  # (V,)
    val_right: np.ndarray  # (V,) bool: does the network answer rightly?
    temperature: float  # by which logits are divided so that confidence is as often right as it says

    @classmethod
    def of(cls, classifier: Classifier, data_folder: Path) -> Neighbours:
        """Sends training and `val` pictures through the network, a second or a few. Raises DatasetError."""
        pictures = Compared.of(classifier, data_folder)
        # Half of the digits tell pictures apart as well, and a network that is taken along takes half as much with it.
        features = directions(classifier.embed(pictures.train)[0]).astype(np.float16).astype(np.float32)
        val_features, probabilities = classifier.embed(pictures.val)
        val_features = directions(val_features)
        pixels, val_flat = small(pictures.train), small(pictures.val)
        return cls(
            rows=pictures.train_rows,
            labels=pictures.train_labels,
            features=features,
            pixels=pixels,
            val_features=distances(features, val_features)[:, NEIGHBOUR - 1],
            val_pixels=distances(pixels, val_flat)[:, NEIGHBOUR - 1],
            val_right=probabilities.argmax(axis=1) == pictures.val_labels,
            temperature=fitted_temperature(probabilities, pictures.val_labels),
        )

    def nearest(self, features: np.ndarray, count: int = 8) -> list[tuple[int, int]]:
        """(row, label) of the training pictures most similar to one of features (F,), the most similar first."""
        order = np.argsort(((self.features - directions(features[None])) ** 2).sum(axis=1), kind="stable")[:count]
        return [(int(self.rows[place]), int(self.labels[place])) for place in order]

    def ood_score(self, features: np.ndarray, prepared: np.ndarray) -> np.ndarray:
        """How unlike the training pictures pictures are: (N,), of features (N, F) and pixels uint8 (N, C, H, W).

        The mean of two distances to the NEIGHBOUR-th nearest, in directions of features (deep nearest neighbours, Sun et al.
        2022, arXiv:2204.06507) and in pixels, each in units of its 98th percentile over `val`.
        """
        of_features, of_pixels = self._squares
        by_features = distances(self.features, directions(features), of_features)[:, NEIGHBOUR - 1] / self.units[0]
        by_pixels = distances(self.pixels, small(prepared), of_pixels)[:, NEIGHBOUR - 1] / self.units[1]
        return (by_features + by_pixels) / 2

    def limit(self, answered: float = USUALLY_ANSWERED) -> float:
        """The `ood_score` up to which this share of the `val` pictures (0..1) is answered."""
        return limit_of(self.val_ood_scores, answered)

    @cached_property
    def val_ood_scores(self) -> np.ndarray:
        """(V,)."""
        return (self.val_features / self.units[0] + self.val_pixels / self.units[1]) / 2

    @cached_property
    def _squares(self) -> tuple[np.ndarray, np.ndarray]:
        return (self.features**2).sum(axis=1), (self.pixels**2).sum(axis=1)

    @cached_property
    def units(self) -> tuple[float, float]:
        """See `in_units`."""
        return in_units(self.val_features, self.val_pixels)


def limit_of(scores: np.ndarray, answered: float) -> float:
    """The score up to which this share of them (V,) is answered: in the middle between two that are clearly apart. Elsewhere a
    picture's score is rounded otherwise, and one that lay on the limit, as of few pictures or of equal ones, would be refused."""
    last = float(np.quantile(scores, answered, method="lower"))
    above = scores[scores > last * (1 + APART)]
    return (last + float(above.min())) / 2 if len(above) else last * (1 + APART)


def in_units(val_features: np.ndarray, val_pixels: np.ndarray) -> tuple[float, float]:
    """The 98th percentiles over `val` of squared distances (V,) in directions of features, at least FINEST, and in pixels: both
    are divided by these, so that neither outweighs the other."""
    features, pixels = (float(np.quantile(each, 0.98)) for each in (val_features, val_pixels))
    return max(FINEST, features), max(1e-9, pixels)


def distances(bank: np.ndarray, pictures: np.ndarray, squares: np.ndarray | None = None) -> np.ndarray:
    """Squared distances of pictures (N, F) to the NEIGHBOUR nearest of a bank (M, F): (N, NEIGHBOUR), ascending.

    `squares` are the bank's own, (M,), if they are known.
    """
    squares = (bank**2).sum(axis=1) if squares is None else squares
    found = (pictures**2).sum(axis=1)[:, None] + squares[None] - 2 * pictures @ bank.T
    return np.sort(np.partition(found, NEIGHBOUR - 1, axis=1)[:, :NEIGHBOUR], axis=1).clip(0)


def directions(features: np.ndarray) -> np.ndarray:
    """Features (N, F), `projected`, each scaled to length 1: how strongly a network answers says little about likeness.

    Strangers' drawn digits and doodles then come apart with an area under the curve of 0.94 instead of 0.75 (digits recipe).
    """
    flat = projected(features)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)


def projected(features: np.ndarray, size: int = WIDEST) -> np.ndarray:
    """Features (N, F) in at most so many dimensions, by a fixed random projection: distances stay within a few per cent
    (Johnson and Lindenstrauss 1984), and a bank of 6,000 is searched in 1 instead of 12 milliseconds."""
    if features.shape[1] <= size:
        return features
    return features @ projection(features.shape[1], size)


@lru_cache(maxsize=8)
def projection(wide: int, size: int) -> np.ndarray:
    """float32 (wide, size), always the same: chance directions that keep distances about as they are (Johnson, Lindenstrauss)."""
    chance = np.random.default_rng(0)
    return (chance.normal(size=(wide, size)) / np.sqrt(size)).astype(np.float32)


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (N, classes) as they would be with logits divided by the temperature."""
    logits = np.log(np.maximum(probabilities, 1e-12)) / temperature
    values = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (values / values.sum(axis=1, keepdims=True)).astype(np.float32)


def fitted_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with which probabilities (N, classes) fit labels (N,) best (Guo et al. 2017, arXiv:1706.04599)."""

    def loss(logarithm: float) -> float:
        shares = tempered(probabilities, float(np.exp(logarithm)))
        return -float(np.log(np.maximum(shares[np.arange(len(labels)), labels], 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=COLDEST_TO_HOTTEST, method="bounded").x))


def _some(rows: np.ndarray, most: int, chance: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= most else np.sort(chance.choice(rows, most, replace=False))


def _changed(prepared: np.ndarray, classifier: Classifier, copies: int) -> np.ndarray:
    """The pictures, and after them copies changed at random as in the training: what a network learned to take for usual."""
    dataset, augmentation = classifier.config.dataset, classifier.config.augmentation
    images = torch.from_numpy(prepared).float()
    fill = torch.zeros(images.shape[1]) if dataset.black_background else None
    chance = torch.Generator().manual_seed(0)
    changed = [augmentation.apply(images, chance, fill).clamp(0, 255).round().byte().numpy() for _ in range(copies)]
    return np.concatenate([prepared, *changed])


def small(prepared: np.ndarray) -> np.ndarray:
    """Pictures uint8 (N, C, H, W) as they are compared: (N, P) float32 in steps of 1/255, 0..1, at most SIDE x SIDE pixels of
    each channel, each the rounded mean of a square; what no square is left for at the right and at the bottom is passed over."""
    count, channels, height, width = prepared.shape
    step = -(-max(height, width) // SIDE)
    rows, columns = max(1, height // step), max(1, width // step)
    squares = prepared[..., : rows * step, : columns * step].reshape(count, channels, rows, step, columns, step)
    means = (
        squares.mean(axis=(3, 5), dtype=np.float32).round() if step > 1 else squares[..., 0, :, 0].astype(np.float32)
    )
    return means.reshape(count, -1) / 255
