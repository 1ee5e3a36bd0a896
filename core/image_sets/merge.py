"""Adding an import to a dataset that is there: pictures that were in the test or in `val` stay there."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from core.image_sets.edit import editing
from core.image_sets.likeness import Likeness, compared
from core.image_sets.own_dataset import SPLITS, Members, OwnDataError, OwnDataset
from core.image_sets.remembered import remembered
from core.image_sets.shares import Arrangement, arranged
from core.image_sets.splitting import held_out_groups

MOST_AHEAD = 5_000  # pictures, of which it takes about a second to tell where they will be


@dataclass(frozen=True, eq=False)
class _Joined:
    """All pictures of a dataset and, after them, those of an import, each where adding them will put it."""

    version: int  # of the dataset
    last: int  # what is added to the import's image numbers
    likeness: Likeness
    members: Members  # class ids are the dataset's
    before: int  # pictures that the dataset has


def merge(staged: OwnDataset, target: OwnDataset) -> int:
    """Copies all pictures of an import's newest version into the dataset, as one new version. Returns how many.

    Classes of the same name are joined. Raises OwnDataError; then nothing has changed, nor has anything if the process dies.
    """
    made = _joined(staged, target)  # before the file is locked: minutes, where there are many
    images, classes, splits, group_ids = (
        each.tolist()
        for each in (made.members.images, made.members.classes, made.members.splits, made.members.group_ids)
    )
    added = len(images) - made.before
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
        rows = list(zip(images, classes, [SPLITS[split] for split in splits], group_ids, strict=True))
        edit.place(rows[made.before :])
        edit.set_group_ids({image: group for image, _, _, group in rows[: made.before]})
    return added


@remembered(4)
def arrangement_after(staged: OwnDataset, target: OwnDataset) -> Arrangement | None:
    """What `merge` will make of the dataset; None for so many pictures that telling it would take long. Raises OwnDataError."""
    if sum(each.images for dataset in (staged, target) for each in dataset.classes()) > MOST_AHEAD:
        return None
    all_of_it = _joined(staged, target).members
    off = [each.id for each in target.classes() if not each.enabled]
    used = ~np.isin(all_of_it.classes, off)
    members = Members(*(getattr(all_of_it, each.name)[used] for each in fields(Members)))
    return arranged(members, {class_id: name for name, class_id in _class_ids(staged, target).items()})


@remembered(4)
def already_in(staged: OwnDataset, target: OwnDataset) -> tuple[int, ...]:
    """Image numbers of the import's pictures that the dataset has too, pixel by pixel, in whatever class. Raises OwnDataError."""
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
    joined = Members(images, classes, splits, likeness.group_ids[rows])
    return _Joined(version, last, likeness, joined, len(before.images))
