"""Pictures that are the same or nearly so: found by perceptual hashes, confirmed by the pictures themselves."""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

HASHED = 32  # pixels a side of the grey copy that is hashed
HASH_SIDE = 8  # lowest frequencies a side: 64 bits
NEAR_BITS = 6  # of 64 that may differ between two that look alike
NEAR_LEVELS = 9.0  # mean difference of grey levels, 0..255, once brightness and contrast are evened out
FLATTEST = 4.0  # deviation of grey levels below which a picture is nearly of one colour, and hashes mean nothing
BANDS = 8  # of 8 bits and their neighbours: with 7 bits wrong at most one of the 8 bands is whole
CROWDED = 60  # pictures with the same two bands beyond which only neighbours in order are compared
CHUNK = 20_000


def picture_hash(grey: np.ndarray) -> np.ndarray:
    """uint64 () of a small grey picture (HASHED, HASHED): which of its low frequencies are above their median.

    pHash (Zauner 2010, Implementation and benchmarking of perceptual image hash functions).
    """
    waves = dctn(grey.astype(np.float32))[:HASH_SIDE, :HASH_SIDE].reshape(64)
    return np.packbits(waves > np.median(waves[1:])).view(np.uint64)[0]


def kin_of(digests: np.ndarray, hashes: np.ndarray, looks: np.ndarray) -> np.ndarray:
    """Group numbers (N,): equal for pictures that are the same or look alike.

    digests: uint64 (N,) of their pixels, hashes: uint64 (N,) of `picture_hash`, looks: uint8 (N, LOOK, LOOK).
    """
    count = len(digests)
    if not count:
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(digests, kind="stable")
    equal = digests[order][1:] == digests[order][:-1]
    near = near_pairs(hashes, looks)
    first = np.concatenate([order[1:][equal], near[:, 0]])
    second = np.concatenate([order[:-1][equal], near[:, 1]])
    graph = coo_matrix((np.ones(len(first), dtype=bool), (first, second)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def near_pairs(hashes: np.ndarray, looks: np.ndarray) -> np.ndarray:
    """int64 (P, 2): pairs of pictures that look alike though their pixels may differ."""
    flat = looks.reshape(len(looks), -1)
    deviation = np.concatenate(
        [flat[start : start + CHUNK].std(axis=1, dtype=np.float32) for start in range(0, len(flat), CHUNK)]
    )
    lively = np.flatnonzero(deviation > FLATTEST)
    marks = hashes[lively]
    bands = [((marks >> np.uint64(8 * band)) & np.uint64(255)).astype(np.int64) for band in range(BANDS)]
    pairs: list[np.ndarray] = []
    for one in range(BANDS):
        for other in range(one + 1, BANDS):  # 6 wrong bits leave at least two of eight bands whole
            pairs.append(_close(bands[one] * 256 + bands[other], marks))
    found = np.unique(np.concatenate(pairs), axis=0)
    kept = [np.zeros(0, dtype=bool)]
    for start in range(0, len(found), CHUNK):
        left, right = (lively[found[start : start + CHUNK, side]] for side in (0, 1))
        evened = [
            (flat[side] - flat[side].mean(axis=1, keepdims=True, dtype=np.float32)) / deviation[side][:, None]
            for side in (left, right)
        ]
        level = np.minimum(deviation[left], deviation[right])
        kept.append(np.abs(evened[0] - evened[1]).mean(axis=1) * level < NEAR_LEVELS * np.minimum(1, level / 40))
    return lively[found[np.concatenate(kept)]].reshape(-1, 2)


def _close(keys: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Pairs (P, 2), smaller number first, with the same key whose hashes differ in at most NEAR_BITS."""
    order = np.lexsort((marks, keys))
    sorted_keys, sorted_marks = keys[order], marks[order]
    pairs = []
    for step in range(1, CROWDED):
        same = sorted_keys[step:] == sorted_keys[:-step]
        if not same.any():
            break
        left = np.flatnonzero(same)
        differ = np.bitwise_count(sorted_marks[left] ^ sorted_marks[left + step])
        left = left[differ <= NEAR_BITS]
        pairs.append(np.sort(np.stack([order[left], order[left + step]], axis=1), axis=1))
    return np.concatenate(pairs) if pairs else np.zeros((0, 2), dtype=np.int64)
