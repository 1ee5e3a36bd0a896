"""Adding an import to a dataset that is there: pictures that were in the test or in `val` stay there."""

from __future__ import annotations

import numpy as np

from core.own_data.edit import editing
from core.own_data.likeness import compared
from core.own_data.store import SPLITS, OwnDataError, OwnDataset
from core.splitting import held_out_groups


def merge(staged: OwnDataset, target: OwnDataset) -> int:
    """Copies all pictures of an import's newest version into the dataset, as one new version. Returns how many.

    Classes of the same name are joined. Raises OwnDataError; then nothing has changed, nor has anything if the process dies.
    """
    members, newest = staged.members(disabled=True), target.newest()
    names = {each.id: each.name for each in staged.classes()}
    before = target.members(newest, disabled=True)
    with target.connected() as connection:
        last = connection.execute("select coalesce(max(id), 0) from images").fetchone()[0]
    likeness = compared([(target, 0), (staged, last)])  # before the file is locked: minutes, where there are many
    group_of = dict(zip(likeness.numbers.tolist(), likeness.kin.tolist(), strict=True))
    bundle_of = dict(zip(likeness.numbers.tolist(), likeness.together.tolist(), strict=True))
    new = (members.images + last).tolist()
    with editing(target, f"{len(new):,} pictures added", other=staged) as edit:
        if edit.number != newest + 1:
            raise OwnDataError("The dataset was changed while pictures were being added; add them again.")
        edit.connection.execute(
            "insert into images select id + ?, digest, name, width, height, colour, turned, mean, square, hash, look "
            "from other.images",
            [last],
        )
        edit.connection.execute("insert into contents select image + ?, data from other.contents", [last])
        likeness.keep(edit.connection)
        class_of = {class_id: edit.class_of_name(name) for class_id, name in names.items()}
        classes = np.concatenate([before.classes, [class_of[each] for each in members.classes.tolist()]]).astype(int)
        groups = np.array([bundle_of[image] for image in [*before.images.tolist(), *new]])
        taken = np.concatenate([before.splits == 2, np.full(len(new), -1)]).astype(int)
        held = held_out_groups(classes, groups, taken=taken)[len(before.images) :]
        splits = [
            "test" if hold else "train" if split == 2 else SPLITS[split]
            for hold, split in zip(held.tolist(), members.splits.tolist(), strict=True)
        ]
        edit.place(
            (image, class_of[label], split, group_of[image])
            for image, label, split in zip(new, members.classes.tolist(), splits, strict=True)
        )
        edit.set_kin({image: group_of[image] for image in before.images.tolist()})
    return len(new)
