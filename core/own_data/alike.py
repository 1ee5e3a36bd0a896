"""Pictures that are the same or nearly so: found by perceptual hashes, confirmed by the pictures themselves."""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from core.own_data.store import LOOK

HASH_SIDE = 8  # lowest frequencies a side: 64 bits
NEAR_BITS = 6  # of 64 that may differ between two that look alike
NEAR_LEVELS = 9.0  # mean difference of grey levels, 0..255, once brightness and contrast are evened out
FLATTEST = 4.0  # deviation of grey levels below which a picture is nearly of one colour, and hashes mean nothing
BANDS = 8  # of 8 bits and their neighbours: with 7 bits wrong at most one of the 8 bands is whole
CROWDED = 60  # pictures with the same two bands beyond which only neighbours in order are compared
CHUNK = 20_000


def hashes(looks: np.ndarray) -> np.ndarray:
    """uint64 (N,) of small grey pictures uint8 (N, LOOK, LOOK): which low frequencies are above their median.

    pHash (Zauner 2010, Implementation and benchmarking of perceptual image hash functions).
    """
    found = []
    for start in range(0, len(looks), CHUNK):
        waves = dctn(looks[start : start + CHUNK].astype(np.float32), axes=(1, 2))[:, :HASH_SIDE, :HASH_SIDE].reshape(
            -1, 64
        )
        bits = waves > np.median(waves[:, 1:], axis=1, keepdims=True)
        found.append(np.packbits(bits, axis=1).view(">u8").reshape(-1).astype(np.uint64))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.uint64)


def kin_of(digests: list[bytes], looks: np.ndarray) -> np.ndarray:
    """Group numbers (N,): equal for pictures that are the same or look alike. looks: uint8 (N, LOOK, LOOK)."""
    count = len(digests)
    if not count:
        return np.zeros(0, dtype=np.int64)
    _, same = np.unique(
        np.array([np.frombuffer(digest, dtype=np.uint64)[0] for digest in digests]), return_inverse=True
    )
    order = np.argsort(same, kind="stable")
    equal = order[1:][same[order][1:] == same[order][:-1]], order[:-1][same[order][1:] == same[order][:-1]]
    near = near_pairs(looks)
    first = np.concatenate([equal[0], near[:, 0]])
    second = np.concatenate([equal[1], near[:, 1]])
    graph = coo_matrix((np.ones(len(first), dtype=bool), (first, second)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def near_pairs(looks: np.ndarray) -> np.ndarray:
    """int64 (P, 2): pairs of pictures that look alike though their pixels may differ."""
    flat = looks.reshape(len(looks), -1)
    deviation = np.concatenate(
        [flat[start : start + CHUNK].std(axis=1, dtype=np.float32) for start in range(0, len(flat), CHUNK)]
    )
    lively = np.flatnonzero(deviation > FLATTEST)
    marks = hashes(looks[lively].reshape(-1, LOOK, LOOK))
    bands = [((marks >> np.uint64(8 * band)) & np.uint64(255)).astype(np.int64) for band in range(BANDS)]
    pairs: list[np.ndarray] = []
    for one in range(BANDS):
        for other in range(one + 1, BANDS):  # 6 wrong bits leave at least two of eight bands whole
            keys = bands[one] * 256 + bands[other]
            pairs.append(_close(keys, marks))
    found = np.unique(np.concatenate(pairs), axis=0) if pairs else np.zeros((0, 2), dtype=np.int64)
    kept = []
    for start in range(0, len(found), CHUNK):
        left, right = (lively[found[start : start + CHUNK, side]] for side in (0, 1))
        evened = [
            (flat[side] - flat[side].mean(axis=1, keepdims=True, dtype=np.float32)) / deviation[side][:, None]
            for side in (left, right)
        ]
        level = np.minimum(deviation[left], deviation[right])
        kept.append(np.abs(evened[0] - evened[1]).mean(axis=1) * level < NEAR_LEVELS * np.minimum(1, level / 40))
    mask = np.concatenate(kept) if kept else np.zeros(0, dtype=bool)
    return lively[found[mask]].reshape(-1, 2)


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
