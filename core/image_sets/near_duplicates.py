"""Pictures that are the same or nearly so, mirrored or not: found by perceptual hashes, confirmed by the pictures themselves."""

from __future__ import annotations

import numpy as np

HASHED = 32  # pixels a side of the grey copy that is hashed
HASH_SIDE = 8  # lowest frequencies a side: 64 bits
NEAR_BITS = 6  # of 64 that may differ between two that look alike
NEAR_LEVELS = 9.0  # mean difference of grey levels, 0..255, once brightness and contrast are evened out
FLATTEST = 4.0  # deviation of grey levels below which a picture is nearly of one colour, and hashes mean nothing
BANDS = 8  # of 8 bits and their neighbours: with 7 bits wrong at most one of the 8 bands is whole
CROWDED = 60  # pictures with the same two bands beyond which only neighbours in order are compared, or fewer,
MANY = 2_000_000  # so that no more pairs than this are found at once: frames of films look alike by the hundred
CHUNK = 20_000
LARGEST_BUNDLE = 50  # pictures that a split keeps together though not each two of them look alike


def picture_hashes(grey: np.ndarray) -> np.ndarray:
    """uint64 (N,) of small grey pictures (N, H, H): which of the low frequencies of each are above their median.

    pHash (Zauner 2010, Implementation and benchmarking of perceptual image hash functions).
    """
    from scipy.fft import dctn  # as below: a third of a second that no page waits for

    marks = np.empty(len(grey), np.uint64)
    for start in range(0, len(grey), CHUNK):
        waves = dctn(grey[start : start + CHUNK].astype(np.float32), axes=(1, 2))
        waves = waves[:, :HASH_SIDE, :HASH_SIDE].reshape(-1, 64)
        above = waves > np.median(waves[:, 1:], axis=1, keepdims=True)
        marks[start : start + CHUNK] = np.packbits(above, axis=1).view(np.uint64)[:, 0]
    return marks


def first_of(digests: np.ndarray) -> np.ndarray:
    """int64 (N,): for each picture the first that has the same pixels."""
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    return first[inverse]


def groups_of_pairs(count: int, pairs: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Group numbers (N,), each that of its first picture: cliques of the pairs (P, 3), never chains.

    In the order of the pictures each joins the largest group of which it is like every member (of equal ones the first).
    """
    group = np.arange(count)
    size = np.ones(count, np.int64)
    later, earlier = pairs[:, :2].max(axis=1), pairs[:, :2].min(axis=1)
    order = np.lexsort((earlier, later))
    later, earlier = later[order], earlier[order]
    breaks = np.flatnonzero(later[1:] != later[:-1]) + 1
    for start, end in zip([0, *breaks], [*breaks, len(later)], strict=True) if len(later) else ():
        near, times = np.unique(group[earlier[start:end]], return_counts=True)
        whole = near[times == size[near]]
        if len(whole):
            joined = whole[size[whole].argmax()]
            group[later[start]] = joined
            size[joined] += 1
    return group[first]


def bundles(group_ids: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Numbers (N,) of what a split keeps together: all that is linked by look-alikes, or its groups where that is a crowd."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = (
        np.ones(len(pairs) + len(group_ids), dtype=bool),
        (np.r_[pairs[:, 0], np.arange(len(group_ids))], np.r_[pairs[:, 1], group_ids]),
    )
    _, linked = connected_components(coo_matrix(links, shape=(len(group_ids), len(group_ids))), directed=False)
    crowd = np.bincount(linked)[linked] > LARGEST_BUNDLE
    return np.where(crowd, group_ids + linked.max(initial=0) + 1, linked)


def near_pairs(hashes: np.ndarray, greys: np.ndarray, first: np.ndarray | None = None) -> np.ndarray:
    """int64 (P, 3): two different pictures that look alike though their pixels may differ, and whether only mirrored.

    With `first` (see `first_of`) only the first of equal pictures is compared. Each pair comes once, the smaller number first.
    """
    flat = greys.reshape(len(greys), -1)
    deviation = np.concatenate(
        [np.zeros(0, np.float32)]
        + [flat[start : start + CHUNK].std(axis=1, dtype=np.float32) for start in range(0, len(flat), CHUNK)]
    )
    chosen = deviation > FLATTEST
    if first is not None:
        chosen &= first == np.arange(len(first))
    lively = np.flatnonzero(chosen)
    straight = _confirmed(_close(hashes[lively]), lively, flat, flat, deviation)
    # The hash of a mirrored picture is made of the kept grey copy, and so is the one it is compared with.
    turned = greys[:, :, ::-1]
    marks = np.concatenate([picture_hashes(greys[lively]), picture_hashes(turned[lively])])
    mirrored = _confirmed(_close(marks, len(lively)), lively, flat, turned.reshape(len(greys), -1), deviation)
    both = np.concatenate([np.c_[straight, np.zeros(len(straight), int)], np.c_[mirrored, np.ones(len(mirrored), int)]])
    _, once = np.unique(both[:, 0] * len(greys) + both[:, 1], return_index=True)  # the straight ones come first
    return both[once].astype(np.int64)


def _confirmed(
    found: np.ndarray, lively: np.ndarray, left_flat: np.ndarray, right_flat: np.ndarray, deviation: np.ndarray
) -> np.ndarray:
    """Of candidates (P, 2), places in `lively`, those whose grey copies are alike; as picture numbers, smaller first."""
    kept = [np.zeros(0, dtype=bool)]
    for start in range(0, len(found), CHUNK):
        left, right = (lively[found[start : start + CHUNK, side]] for side in (0, 1))
        evened = [
            (flat[side] - flat[side].mean(axis=1, keepdims=True, dtype=np.float32)) / deviation[side][:, None]
            for flat, side in ((left_flat, left), (right_flat, right))
        ]
        level = np.minimum(deviation[left], deviation[right])
        kept.append(np.abs(evened[0] - evened[1]).mean(axis=1) * level < NEAR_LEVELS * np.minimum(1, level / 40))
    return np.sort(lively[found[np.concatenate(kept)]].reshape(-1, 2), axis=1)


def _close(marks: np.ndarray, straight: int = 0) -> np.ndarray:
    """Pairs (P, 2), smaller number first, whose hashes differ in at most NEAR_BITS.

    With `straight`, the marks from there on are those of the mirrored pictures: only pairs of one with the mirrored form of
    another one count, once.
    """
    bands = [((marks >> np.uint64(8 * band)) & np.uint64(255)).astype(np.int64) for band in range(BANDS)]
    pairs = np.zeros(0, dtype=np.int64)  # smaller * N + larger
    for one in range(BANDS):
        for other in range(one + 1, BANDS):  # 6 wrong bits leave at least two of eight bands whole
            pairs = np.union1d(pairs, _close_in(bands[one] * 256 + bands[other], marks, straight))
    return np.stack(np.divmod(pairs, max(1, len(marks))), axis=1)


def _close_in(keys: np.ndarray, marks: np.ndarray, straight: int) -> np.ndarray:
    """Those of the same key, as smaller * N + larger."""
    order = np.lexsort((marks, keys))
    sorted_keys, sorted_marks = keys[order], marks[order]
    pairs = [np.zeros(0, dtype=np.int64)]
    for step in range(1, max(2, min(CROWDED, MANY // max(1, len(marks))))):
        same = sorted_keys[step:] == sorted_keys[:-step]
        if not same.any():
            break
        left = np.flatnonzero(same)
        differ = np.bitwise_count(sorted_marks[left] ^ sorted_marks[left + step])
        left = left[differ <= NEAR_BITS]
        found = np.sort(np.stack([order[left], order[left + step]], axis=1), axis=1)
        if straight:
            found = found[(found[:, 0] < straight) & (found[:, 1] >= straight)] - [0, straight]
            found = np.sort(found[found[:, 0] != found[:, 1]], axis=1)
        pairs.append(found[:, 0] * len(marks) + found[:, 1])
    return np.concatenate(pairs)
