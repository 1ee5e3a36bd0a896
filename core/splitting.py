"""Which pictures are held out: the same share of every class, by seed, and look-alikes always on one side."""

from __future__ import annotations

import numpy as np

TEST_SHARE = 0.2
SEED = 0


def held_out_groups(
    classes: np.ndarray, kin: np.ndarray, share: float = TEST_SHARE, seed: int = SEED, taken: np.ndarray | None = None
) -> np.ndarray:
    """bool (N,): which pictures are held out, of classes (N,) and group numbers (N,).

    A group goes to one side as a whole and counts for the class of its first picture. Of every class with two groups or
    more at least one is held out and one is not. `taken` says of earlier pictures where they are: 1 held out, 0 not,
    -1 not yet decided; groups with one that is decided follow it, and the share is that of all.
    """
    order = np.random.default_rng(seed).permutation(len(classes))
    groups, first, inverse, sizes = np.unique(kin, return_index=True, return_inverse=True, return_counts=True)
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
