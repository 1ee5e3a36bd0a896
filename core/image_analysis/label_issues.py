"""Which labels of a dataset are probably wrong: every picture is read by classifiers that did not learn from it.

Confident learning (Northcutt, Jiang and Chuang 2019, arXiv:1911.00068) on features: a picture is doubted when the classifiers
are surer of another class than they usually are of that class's own pictures, and not of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FOLDS = 5
ROUNDS = 2  # the second learns without what the first doubts, so that wrong labels do not vouch for each other
COMPONENTS = 160  # principal components of the features: more cost time and learn wrong labels by heart
STRENGTH = 0.03  # scikit-learn's C on components of about unit size
SURE = 0.6  # of what the classifiers usually give a class's own pictures: from there on they are sure of it. At 1, as published,
GAP = 0.3  # a quarter of planted wrong labels is missed; with these 9 in 10 are found and every second or more is one
SEED = 0


@dataclass(frozen=True)
class Doubts:
    """What is said of every picture."""

    says: np.ndarray  # (N,) int64: the class that is likelier than all others
    said: np.ndarray  # (N,) float32, 0..1: how likely `says` is
    doubted: np.ndarray  # (D,) int64: places of the doubted pictures, the surest first


def doubts_of(features: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> Doubts:
    """Of features float32 (N, F), labels (N,) from 0 on and groups (N,) whose members are always held out together.

    Raises ValueError with fewer than two classes of two groups.
    """
    if len(np.unique(labels)) < 2:
        raise ValueError("one class alone cannot be doubted")
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # small matrices: more threads only wait for each other, on a busy computer for seconds
        return _doubts(components(features), labels, groups)


def _doubts(rows: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> Doubts:
    kept = np.ones(len(labels), dtype=bool)
    for _ in range(ROUNDS):
        chances = _out_of_fold(rows, labels, groups, kept)
        doubted = _doubted(chances, labels)
        kept = np.ones(len(labels), dtype=bool)
        kept[doubted] = False
    return Doubts(chances.argmax(axis=1), chances.max(axis=1), doubted)


def components(features: np.ndarray) -> np.ndarray:
    """float32 (N, at most COMPONENTS), centred; the usual length is 1 a component."""
    from sklearn.decomposition import PCA

    count = min(COMPONENTS, *features.shape)
    solver = "randomized" if count < min(features.shape) else "full"
    rows = PCA(count, svd_solver=solver, random_state=SEED).fit_transform(features)
    return (rows / max(1e-9, float(np.sqrt((rows**2).mean())))).astype(np.float32)


def _out_of_fold(rows: np.ndarray, labels: np.ndarray, groups: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """float32 (N, classes): chances given to every picture by a classifier that learned from the `kept` of other folds."""
    from sklearn.linear_model import LogisticRegression

    fold = folds_by_class(labels, groups)
    chances = np.zeros((len(labels), int(labels.max()) + 1), dtype=np.float32)
    for number in range(FOLDS):
        learned, held_out = (fold != number) & kept, fold == number
        if not held_out.any():
            continue
        classes = np.unique(labels[learned])
        if len(classes) < 2:
            learned = fold != number
            classes = np.unique(labels[learned])
            if len(classes) < 2:
                raise ValueError("too few pictures to judge any by the others")
        network = LogisticRegression(C=STRENGTH, max_iter=200, class_weight="balanced").fit(
            rows[learned], labels[learned]
        )
        chances[np.ix_(np.flatnonzero(held_out), network.classes_)] = network.predict_proba(rows[held_out])
    return chances


def folds_by_class(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """int64 (N,): every class spread evenly over the folds, a group whole in one of them."""
    random = np.random.default_rng(SEED)
    names, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    place = np.empty(len(names), dtype=np.int64)
    order = random.permutation(len(names))
    place[order[np.argsort(labels[first][order], kind="stable")]] = np.arange(len(names)) % FOLDS
    return place[inverse]


def _doubted(chances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Places of those whose likeliest confident class is not their own, the widest gap first."""
    own = chances[np.arange(len(labels)), labels]
    usual = np.array(
        [own[labels == label].mean() if (labels == label).any() else 1.0 for label in range(chances.shape[1])]
    )
    others = chances.copy()
    others[np.arange(len(labels)), labels] = -1
    says = others.argmax(axis=1)
    gap = others.max(axis=1) - own
    confident = (others.max(axis=1) >= SURE * usual[says]) & (gap > GAP)
    found = np.flatnonzero(confident)
    return found[np.argsort(-gap[found], kind="stable")]
