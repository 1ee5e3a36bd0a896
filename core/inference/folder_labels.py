"""Folders that are labels: which class of a network the folder of a picture names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.image_sets.zip_names import folder_of

ENOUGH = 0.5  # of the pictures must lie in a folder that is called like a class


def labels_of(paths: Sequence[str], class_names: Sequence[str]) -> np.ndarray | None:
    """int64 (N,): for each path with "/" the class whose name its folder bears, -1 for none; None where folders are no labels.

    All labels are of one level: of train/cat/7/1.jpg that at which most folders are called like classes.
    """
    known: dict[str, int] = {}
    for place, name in enumerate(class_names):
        for written in (name, folder_of(name)):
            known.setdefault(_plain(written), place)
    folders = [[known.get(_plain(part), -1) for part in path.split("/")[:-1]] for path in paths]
    met = Counter(level for each in folders for level, label in enumerate(each) if label >= 0)
    if not met:
        return None
    level, _ = max(met.items(), key=lambda entry: (entry[1], entry[0]))
    labels = np.array([each[level] if len(each) > level else -1 for each in folders], dtype=np.int64)
    return labels if (labels >= 0).mean() >= ENOUGH else None


def _plain(name: str) -> str:
    """Cat_1 and cat 1 are one."""
    return " ".join(name.replace("_", " ").replace("-", " ").split()).casefold()
