"""The one plan of which picture goes where."""

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.image_sets.splitting import TEST, TRAIN, UNUSED, VAL, Rows, counts_of, held_out_groups, plan_of, shuffled

# Recorded when training still chose the validation pictures by torch.randperm: runs of then keep their very same split.
CHOSEN_BEFORE = {
    (60, 3, 0.1, 0): "f447b77842287fd2",
    (60, 3, 0.1, 5): "fe4c4a1f1aa55b1c",
    (60, 3, 0.3, 2**31 - 1): "e1e13588f8838719",
    (1000, 10, 0.1, 0): "b7a845c851fa5054",
    (1000, 10, 0.3, 5): "14275862a2396f28",
    (60_000, 10, 0.1, 0): "df0ecfc3bc5aa0f4",
    (60_000, 10, 0.1, 2**31 - 1): "ebd67d43ce0fe5d5",
    (60_000, 10, 0.3, 5): "49376c9a748d711b",
}
CHOSEN_OF_GROUPS = {
    (60, 3, 0): "5f3eff3b218bacf4",
    (60, 3, 5): "e38884213a7b267b",
    (1000, 10, 0): "b1502e87ba55a3c0",
    (60_000, 10, 5): "343e146d94986d27",
}
CHOSEN_BY_SOMEONE = {(60, 3): "8ec5d2ce81c91b4a", (1000, 10): "4f73d674d3a682e2", (60_000, 10): "7cbd3919898521a8"}


def mark(plan):
    return hashlib.sha256(np.packbits(plan.parts == VAL).tobytes()).hexdigest()[:16]


def known(count, classes, grouped=False):
    labels = np.random.default_rng(count).integers(0, classes, count)
    group_ids = np.random.default_rng(count + 1).integers(0, count // 2, count) if grouped else None
    return Rows.as_kept(labels, group_ids, labels[:0])


@pytest.mark.parametrize(("count", "classes", "share", "seed"), CHOSEN_BEFORE)
def test_runs_of_before_keep_their_split(count, classes, share, seed):
    assert mark(plan_of(known(count, classes), classes, share, seed)) == CHOSEN_BEFORE[count, classes, share, seed]


@pytest.mark.parametrize(("count", "classes", "seed"), CHOSEN_OF_GROUPS)
def test_runs_of_before_keep_their_split_with_groups(count, classes, seed):
    assert mark(plan_of(known(count, classes, True), classes, 0.2, seed)) == CHOSEN_OF_GROUPS[count, classes, seed]


@pytest.mark.parametrize(("count", "classes"), CHOSEN_BY_SOMEONE)
def test_runs_of_before_keep_the_validation_pictures_someone_chose(count, classes):
    group_ids = known(count, classes, True).group_ids
    group_ids[::7] = -1
    rows = Rows.as_kept(known(count, classes).labels, group_ids, group_ids[:0])
    assert mark(plan_of(rows, classes, 0.2, 0)) == CHOSEN_BY_SOMEONE[count, classes]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 1000])
@pytest.mark.parametrize("seed", [0, 3, 2**31 - 1])
def test_shuffling_is_that_of_torch(count, seed):
    assert (
        shuffled(count, seed).tolist() == torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()
    )


@st.composite
def arrangements(draw):
    """Any pictures: labels, what is declared, and groups or none."""
    count = draw(st.integers(1, 80))
    classes = draw(st.integers(1, 6))
    numbers = st.integers(0, classes - 1)
    labels = np.array(draw(st.lists(numbers, min_size=count, max_size=count)))
    declared = st.sampled_from(draw(st.sampled_from([[TRAIN], [TRAIN, TEST], [TRAIN, TRAIN, VAL, TEST]])))
    parts = np.array(draw(st.lists(declared, min_size=count, max_size=count)), dtype=np.int8)
    groups = st.integers(0, draw(st.integers(0, count)))
    group_ids = draw(st.one_of(st.none(), st.lists(groups, min_size=count, max_size=count).map(np.array)))
    return Rows(labels, parts, group_ids), classes


@settings(deadline=None)  # a busy machine is no failure
@given(arrangements(), st.floats(0.001, 0.5), st.integers(0, 2**31 - 1), st.sampled_from([0, 0, 1, 3, 50]))
def test_a_plan_is_a_partition_that_keeps_what_was_declared_and_groups_together(made, share, seed, limit):
    rows, classes = made
    plan = plan_of(rows, classes, share, seed, limit)
    assert plan.parts.shape == rows.labels.shape and set(plan.parts) <= {TRAIN, VAL, TEST, UNUSED}
    for label in range(classes):
        assert plan.counts[label].tolist() == [
            int(((rows.labels == label) & (plan.parts == part)).sum()) for part in range(4)
        ]
    assert (plan.parts[rows.declared == TEST] == TEST).all() and (plan.parts[rows.declared == VAL] == VAL).all()
    assert not (plan.parts[rows.declared == TRAIN] == TEST).any()
    free = rows.declared == TRAIN
    if rows.group_ids is not None:
        for group in np.unique(rows.group_ids):
            assert len({part == VAL for part in plan.parts[free & (rows.group_ids == group)]}) <= 1
    if (rows.declared == VAL).any():
        assert not (plan.parts[free] == VAL).any()
    elif rows.group_ids is None:
        for label in np.unique(rows.labels[free]):
            mine = free & (rows.labels == label)
            assert (plan.parts[mine] == VAL).sum() == max(1, round(int(mine.sum()) * share))
        counts = [np.bincount(rows.labels[rows.declared == part], minlength=classes) for part in (TRAIN, TEST)]
        np.testing.assert_array_equal(counts_of(*counts, share, limit), plan.counts)
    without = plan_of(rows, classes, share, seed)
    if limit:
        np.testing.assert_array_equal(plan.counts[:, TRAIN], np.minimum(without.counts[:, TRAIN], limit))
        np.testing.assert_array_equal(plan.parts == VAL, without.parts == VAL)
    else:
        assert not (plan.parts == UNUSED).any()


def test_the_seed_alone_decides():
    rows = known(300, 10)
    np.testing.assert_array_equal(plan_of(rows, 10, 0.2, 4).parts, plan_of(rows, 10, 0.2, 4).parts)
    assert (plan_of(rows, 10, 0.2, 4).parts != plan_of(rows, 10, 0.2, 5).parts).any()


@pytest.mark.parametrize("grouped", [False, True])
def test_fewer_training_pictures_are_among_the_more(grouped):
    rows = known(1000, 10, grouped)
    few, more = (plan_of(rows, 10, 0.1, 1, limit) for limit in (5, 20))
    assert few.total(TRAIN) == 50 and more.total(TRAIN) == 200
    assert (more.parts[few.parts == TRAIN] == TRAIN).all()
    assert (plan_of(rows, 10, 0.1, 2, 5).parts != few.parts).any()


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4])
def test_every_class_gives_its_share_and_groups_stay_together(share):
    random = np.random.default_rng(0)
    classes = np.repeat([0, 1, 2], [300, 60, 20])
    groups = np.arange(380)
    for first in random.choice(379, 40, replace=False):
        groups[first + 1] = groups[first]
    held = held_out_groups(classes, groups, share, seed=1)
    for label in range(3):
        assert abs(held[classes == label].mean() - share) <= 0.06
    for group in np.unique(groups):
        assert len(set(held[groups == group].tolist())) == 1
    np.testing.assert_array_equal(held, held_out_groups(classes, groups, share, seed=1))
    assert (held != held_out_groups(classes, groups, share, seed=2)).any()


def test_small_classes_have_one_on_each_side_where_they_can():
    held = held_out_groups(np.array([0, 0, 1, 1, 1, 2]), np.arange(6), 0.2)
    assert held[:2].sum() == 1 and held[2:5].sum() == 1 and not held[5]


def test_pictures_that_are_placed_stay_where_they_are():
    classes, groups = np.zeros(100, int), np.arange(100)
    first = held_out_groups(classes[:50], groups[:50], 0.2)
    groups[60] = groups[np.flatnonzero(first)[0]]  # looks like one that is held out
    taken = np.concatenate([first.astype(int), np.full(50, -1)])
    held = held_out_groups(classes, groups, 0.2, taken=taken)
    np.testing.assert_array_equal(held[:50], first)
    assert held[60] and 18 <= held.sum() <= 22
