"""Which of the names of folders and columns mean training, validation and test."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

MEANS = {
    "train": "train", "training": "train", "trn": "train", "learn": "train",
    "val": "val", "valid": "val", "validation": "val", "validate": "val", "dev": "val", "development": "val",
    "eval": "eval", "evaluation": "eval",
    "test": "test", "testing": "test", "tst": "test", "holdout": "test", "heldout": "test",
}  # fmt: skip
FILLERS = frozenset(
    """
    set sets data dataset datasets image images img imgs picture pictures pic pics photo photos jpg jpeg jpegs
    jpegimages png pngs file files all raw original originals split splits folder the my
    """.split()
)
MASKS = frozenset("mask masks label labels annotation annotations segmentation groundtruth gt".split())
PREVIEWS = frozenset("preview previews sample samples example examples thumb thumbs thumbnail thumbnails".split())
JOINED = re.compile(rf"({'|'.join(sorted(MEANS, key=len, reverse=True))})(?:{'|'.join(FILLERS)})?")


@lru_cache(10_000)
def meaning(name: str) -> str:
    """train, val, eval, test, or "" when the name says something else: 'Training_Set', 'test-2023', 'valdata', 'hold-out'."""
    words = [word for word in _words(name) if word not in FILLERS]
    found = JOINED.fullmatch("".join(words)) if words else None
    return MEANS[found[1]] if found else ""


def hint(name: str) -> str:
    """Looser, for folders that are known to be splits: one word among others is enough ('seg_train')."""
    found = {MEANS[match[1]] for word in _words(name) if (match := JOINED.fullmatch(word))}
    return meaning(name) or (found.pop() if len(found) == 1 else "")


def is_filler(name: str) -> bool:
    """Does it only say that there are pictures ('images', 'my_data')?"""
    words = _words(name)
    return bool(words) and all(word in FILLERS for word in words)


def is_mask(name: str) -> bool:
    """Does it say that there are masks or annotations instead of pictures?"""
    words = _words(name)
    return any(word in MASKS for word in words) and all(word in MASKS | FILLERS for word in words)


def is_preview(name: str) -> bool:
    """Does it say that small copies of the pictures lie there?"""
    words = _words(name)
    return bool(words) and any(word in PREVIEWS for word in words) and all(word in PREVIEWS | FILLERS for word in words)


def splits_of(names: Iterable[str], loose: bool = False) -> dict[str, str]:
    """name -> train, val or test, of those that mean one. 'eval' is the test where there is no other, else validation."""
    found = {name: sense for name in names if (sense := hint(name) if loose else meaning(name))}
    other = "val" if "test" in found.values() else "test"
    return {name: other if sense == "eval" else sense for name, sense in found.items()}


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)  # TrainingSet
    return re.findall(r"[^\W\d_]+", spaced.casefold())
