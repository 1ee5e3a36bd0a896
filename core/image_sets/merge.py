"""Adding an import to a dataset that is there: pictures that were in the test or in `val` stay there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.image_sets.edit import editing
from core.image_sets.likeness import Likeness, compared
from core.image_sets.own_dataset import SPLITS, OwnDataError, OwnDataset
from core.image_sets.shares import Arrangement
from core.image_sets.splitting import TEST, TRAIN, VAL, Rows, held_out_groups

MOST_AHEAD = 5_000  # pictures, of which it takes about a second to tell where they will be


@dataclass(frozen=True, eq=False)
class _Joined:
    """All pictures of a dataset and, after them, those of an import, each where adding them will put it."""

    version: int  # of the dataset
    last: int  # what is added to the import's image numbers
    likeness: Likeness
    images: np.ndarray  # (N,) int64, rising
    classes: np.ndarray  # (N,) int64, class ids of the dataset
    splits: np.ndarray  # (N,) int8, index into SPLITS
    group_ids: np.ndarray  # (N,) int64
    before: int  # pictures that the dataset has


def merge(staged: OwnDataset, target: OwnDataset) -> int:
    """Copies all pictures of an import's newest version into the dataset, as one new version. Returns how many.

    Classes of the same name are joined. Raises OwnDataError; then nothing has changed, nor has anything if the process dies.
    """
    made = _joined(staged, target)  # before the file is locked: minutes, where there are many
    new = slice(made.before, None)
    added = len(made.images) - made.before
    with editing(target, f"{added:,} pictures added", other=staged) as edit:
        if edit.number != made.version + 1:
            raise OwnDataError("The dataset was changed while pictures were being added; add them again.")
        edit.connection.execute(
            "insert into images select id + ?, digest, name, width, height, colour, turned, mean, square, hash, look "
            "from other.images",
            [made.last],
        )
        edit.connection.execute("insert into contents select image + ?, data from other.contents", [made.last])
        made.likeness.keep(edit.connection)
        for each in staged.classes():
            edit.class_of_name(each.name)
        columns = (
            each.tolist() for each in (made.images[new], made.classes[new], made.splits[new], made.group_ids[new])
        )
        edit.place((image, label, SPLITS[split], group) for image, label, split, group in zip(*columns, strict=True))
        old = slice(made.before)
        edit.set_group_ids(dict(zip(made.images[old].tolist(), made.group_ids[old].tolist(), strict=True)))
    return added


def arrangement_after(staged: OwnDataset, target: OwnDataset) -> Arrangement | None:
    """What `merge` will make of the dataset; None for so many pictures that telling it would take long. Raises OwnDataError."""
    if sum(each.images for dataset in (staged, target) for each in dataset.classes()) > MOST_AHEAD:
        return None
    return _after(staged, target, *staged.stamp(), *target.stamp())


@lru_cache(maxsize=4)
def _after(staged: OwnDataset, target: OwnDataset, *_stamps: int) -> Arrangement:
    made = _joined(staged, target)
    ids = _class_ids(staged, target)
    off = {each.id for each in target.classes() if not each.enabled}
    names = {class_id: name for name, class_id in ids.items() if class_id not in off}
    mine = np.isin(made.classes, list(names))
    used = np.unique(made.classes[mine])
    declared = np.array([TRAIN, VAL, TEST], dtype=np.int8)[made.splits[mine]]
    rows = Rows(np.searchsorted(used, made.classes[mine]), declared, made.group_ids[mine])
    return Arrangement(made.images[mine], rows, tuple(names[each] for each in used.tolist()), tuple(used.tolist()))


def already_in(staged: OwnDataset, target: OwnDataset) -> list[int]:
    """Image numbers of the import's pictures that the dataset has too, pixel by pixel, in whatever class. Raises OwnDataError."""
    return list(_already(staged, target, *staged.stamp(), *target.stamp()))


@lru_cache(maxsize=4)
def _already(staged: OwnDataset, target: OwnDataset, *_stamps: int) -> tuple[int, ...]:
    known = {digest for _, digest in _digests(target)}
    return tuple(image for image, digest in _digests(staged) if digest in known)


def _digests(dataset: OwnDataset) -> list[tuple[int, bytes]]:
    version = dataset.newest()
    with dataset.connected() as connection:
        return connection.execute(
            "select image, digest from places join images on images.id = image where since <= ? and until > ? "
            "order by image",
            [version, version],
        ).fetchall()


def _class_ids(staged: OwnDataset, target: OwnDataset) -> dict[str, int]:
    """Name -> class id of all classes after the import has been added."""
    ids = {each.name: each.id for each in target.classes()}
    with target.connected() as connection:
        free = connection.execute("select coalesce(max(class), 0) + 1 from names").fetchone()[0]
    for name in [each.name for each in staged.classes() if each.name not in ids]:
        ids[name], free = free, free + 1
    return ids


def _joined(staged: OwnDataset, target: OwnDataset) -> _Joined:
    members, version = staged.members(disabled=True), target.newest()
    before = target.members(version, disabled=True)
    ids = _class_ids(staged, target)
    class_of = {each.id: ids[each.name] for each in staged.classes()}
    with target.connected() as connection:
        last = connection.execute("select coalesce(max(id), 0) from images").fetchone()[0]
    likeness = compared([(target, 0), (staged, last)])
    images = np.concatenate([before.images, members.images + last])
    classes = np.concatenate([before.classes, [class_of[each] for each in members.classes.tolist()]]).astype(np.int64)
    rows = np.searchsorted(likeness.numbers, images)
    taken = np.concatenate([before.splits == 2, np.full(len(members.images), -1)]).astype(int)
    held = held_out_groups(classes, likeness.together[rows], taken=taken)[len(before.images) :]
    new = np.where(held, 2, np.where(members.splits == 2, 0, members.splits))
    splits = np.concatenate([before.splits, new]).astype(np.int8)
    return _Joined(version, last, likeness, images, classes, splits, likeness.group_ids[rows], len(before.images))
