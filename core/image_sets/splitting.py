"""Which picture goes where: the one plan of training, validation, test and unused pictures that everything asks.

The form, the Data page, the forecast, the command line and the worker call `plan_of`; nothing else decides. Of the same
seed and pictures the plan is the same on every computer and in every version.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TEST_SHARE = 0.2
SEED = 0
TRAIN, VAL, TEST, UNUSED = range(4)  # values of `Plan.parts`, columns of `Plan.counts`


@dataclass(frozen=True)
class Rows:
    """Pictures before they are shared out."""

    labels: np.ndarray  # (N,) int64, 0 to classes - 1
    declared: np.ndarray  # (N,) int8: VAL or TEST if someone chose that; TRAIN: for training, or held out of it
    group_ids: np.ndarray | None = None  # (N,) int64: look-alikes have the same number; None: groups are not known

    def grouped(self) -> np.ndarray:
        """`group_ids`; where none are known each picture is its own, (N,) int64."""
        return np.arange(len(self.labels)) if self.group_ids is None else self.group_ids

    @classmethod
    def as_kept(cls, train_labels: np.ndarray, train_group_ids: np.ndarray | None, test_labels: np.ndarray) -> Rows:
        """Of images as they are kept decoded, training images first; those with the group -1 are for validation."""
        declared = np.full(len(train_labels) + len(test_labels), TEST, dtype=np.int8)
        declared[: len(train_labels)] = TRAIN if train_group_ids is None else np.where(train_group_ids < 0, VAL, TRAIN)
        group_ids = None
        if train_group_ids is not None:
            group_ids = np.concatenate([train_group_ids, np.full(len(test_labels), -1)])
        return cls(np.concatenate([train_labels, test_labels]), declared, group_ids)


@dataclass(frozen=True)
class Plan:
    """Where each picture goes, and how many of each class go there."""

    parts: np.ndarray  # (N,) int8: TRAIN, VAL, TEST or UNUSED
    counts: np.ndarray  # (classes, 4) int64

    def total(self, part: int) -> int:
        """Pictures of a part, of all classes together."""
        return int(self.counts[:, part].sum())

    def classes_in(self, part: int) -> np.ndarray:
        """Numbers of the classes that have pictures there, (k,)."""
        return np.flatnonzero(self.counts[:, part])


def plan_of(rows: Rows, classes: int, share: float, seed: int, limit: int = 0) -> Plan:
    """The plan. What is declared stays where it is.

    Without pictures declared for validation `share` of each class is held out for it, chosen by `seed`, look-alikes
    together. `limit`: at most so many training pictures of each class, also chosen by the seed, the fewer among the more;
    0: all. A part may come out empty or with classes missing; `core.image_sets.split_reasons` says why.
    """
    parts = rows.declared.astype(np.int8)
    free = np.flatnonzero(rows.declared == TRAIN)
    pool = np.flatnonzero(rows.declared != TEST)
    if len(free) == len(pool):  # nothing was declared for validation
        labels = rows.labels[pool]
        held = (
            _held_out(labels, share, seed)
            if rows.group_ids is None
            else held_out_groups(labels, rows.group_ids[pool], share, seed)
        )
        parts[pool[held]] = VAL
    if limit:
        order = pool[shuffled(len(pool), seed)]
        order = order[parts[order] == TRAIN]
        by_class = order[np.argsort(rows.labels[order], kind="stable")]
        starts = np.searchsorted(rows.labels[by_class], rows.labels[by_class])
        parts[by_class[np.arange(len(by_class)) - starts >= limit]] = UNUSED
    counts = np.bincount(rows.labels * 4 + parts, minlength=classes * 4).reshape(-1, 4)
    return Plan(parts, counts)


def counts_of(train: np.ndarray, test: np.ndarray, share: float, limit: int = 0) -> np.ndarray:
    """`Plan.counts` (classes, 4) of datasets without groups, from the pictures of each class alone: (classes,) each."""
    held = np.array([_held(int(count), share) for count in train])
    left = train - held
    used = np.minimum(left, limit) if limit else left
    return np.stack([used, held, test, left - used], axis=1).astype(np.int64)


def shuffled(count: int, seed: int) -> np.ndarray:
    """A permutation (count,) int64: torch.randperm's of a generator with that seed, without torch.

    Runs of before there was this module chose their validation pictures by it.
    """
    draws = np.random.RandomState(seed).randint(0, 2**32, count, dtype=np.uint32)
    steps = (draws % np.arange(count, 0, -1, dtype=np.uint32)).tolist()
    order = list(range(count))
    for place, step in enumerate(steps):
        order[place], order[place + step] = order[place + step], order[place]
    return np.array(order, dtype=np.int64)


def _held(count: int, share: float) -> int:
    return max(1, round(count * share)) if count else 0


def _held_out(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """bool (N,): the same share of every class, at least one picture of each."""
    order = shuffled(len(labels), seed)
    by_class = order[np.argsort(labels[order], kind="stable")]
    mask, start = np.zeros(len(labels), dtype=bool), 0
    for count in np.bincount(labels).tolist():
        mask[by_class[start : start + _held(count, share)]] = True
        start += count
    return mask


def held_out_groups(
    classes: np.ndarray,
    group_ids: np.ndarray,
    share: float = TEST_SHARE,
    seed: int = SEED,
    taken: np.ndarray | None = None,
) -> np.ndarray:
    """bool (N,): which pictures are held out, of classes (N,) and group numbers (N,).

    A group goes to one side as a whole and counts for the class of its first picture. Of every class with two groups or
    more at least one is held out and one is not. `taken` says of earlier pictures where they are: 1 held out, 0 not,
    -1 not yet decided; groups with one that is decided follow it, and the share is that of all.
    """
    order = np.random.default_rng(seed).permutation(len(classes))
    groups, first, inverse, sizes = np.unique(group_ids, return_index=True, return_inverse=True, return_counts=True)
    side = np.full(len(groups), -1)
    if taken is not None:
        np.maximum.at(side, inverse, taken)
    rank = np.full(len(groups), len(order))
    np.minimum.at(rank, inverse[order], np.arange(len(order)))
    owner = classes[first]
    for label in np.unique(owner):
        mine = np.flatnonzero(owner == label)
        mine = mine[np.argsort(rank[mine], kind="stable")]
        wanted = max(1.0, share * sizes[mine].sum()) - sizes[mine][side[mine] == 1].sum()
        undecided = mine[side[mine] < 0]
        most = len(undecided) - (0 if (side[mine] == 0).any() else 1)  # one group at least is left to learn from
        held = 0.0
        for place, group in enumerate(undecided):
            takes = place < most and held + sizes[group] / 2 <= wanted
            side[group] = int(takes)
            held += sizes[group] * takes
    return side[inverse] == 1
