"""A map of the pictures of a dataset: what looks alike to a network that knows photos lies side by side, and how odd each is.

It is made of the features of the check for wrong labels, and lies in the dataset's folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.image_sets.own_dataset import OwnDataset
from core.runs.arrays import read_arrays, write_arrays

MOST = 3000  # pictures on the map: as many take about ten seconds
PERPLEXITY = 30.0
NEIGHBOUR = 3  # how far away this one is says how odd a picture is: one lone copy of it must not make it usual
SEED = 0


@dataclass(frozen=True)
class PictureMap:
    """Where pictures lie on the map."""

    images: np.ndarray  # (n,) int64
    places: np.ndarray  # (n, 2) float32
    odd: (
        np.ndarray
    )  # (n,) float32, 1 for the usual one: distance to its neighbours in the features, of the odder ones more


def made_map(images: np.ndarray, features: np.ndarray) -> PictureMap:
    """Of pictures (N,) and their features (N, F): the first MOST of them, by scikit-learn's t-SNE. Raises ValueError for fewer
    than five."""
    from sklearn.manifold import TSNE
    from sklearn.neighbors import NearestNeighbors

    images, features = images[:MOST], features[:MOST]
    nearest = NearestNeighbors(n_neighbors=min(NEIGHBOUR + 1, len(features))).fit(features)
    away = nearest.kneighbors(features)[0][:, -1]
    places = TSNE(perplexity=min(PERPLEXITY, (len(features) - 1) / 3), init="pca", random_state=SEED).fit_transform(
        features
    )
    odd = away / max(1e-9, float(np.median(away)))
    return PictureMap(images, places.astype(np.float32), odd.astype(np.float32))


def map_file(dataset: OwnDataset) -> Path:
    """Where it lies."""
    return dataset.folder / "map.npz"


def keep_map(dataset: OwnDataset, found: PictureMap) -> None:
    """Raises OSError."""
    write_arrays(map_file(dataset), images=found.images, places=found.places, odd=found.odd)


def read_map(dataset: OwnDataset) -> PictureMap | None:
    """The map of the last check; None before it, or where it is damaged."""
    content = read_arrays(map_file(dataset), images="iu1", places="f2", odd="f1")
    if (
        not content
        or content["places"].shape != (len(content["images"]), 2)
        or len(content["odd"]) != len(content["images"])
    ):
        return None
    return PictureMap(content["images"], content["places"], content["odd"])
