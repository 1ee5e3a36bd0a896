"""Looks: what is kept of each epoch, and what of a long training."""

import numpy as np
import pytest

from core.runs.snapshots import KEPT, ProbeImages, Snapshot, SnapshotStore
from core.runs.store import Run


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "run"
    (folder / "looks").mkdir(parents=True)
    return SnapshotStore(Run(folder))


def snapshot(epoch, value=0.25, filters=None):
    return Snapshot(epoch, np.full((3, 4), value, np.float32), np.eye(4, dtype=np.int64) * epoch, filters)


def test_what_was_written_is_read(store):
    filters = np.random.default_rng(0).normal(size=(5, 3, 3, 1)).astype(np.float32)
    store.write(snapshot(1, filters=filters), planned=3, is_best=True)
    found = store.read(1)
    assert (
        found.epoch == 1 and np.allclose(found.probabilities, 0.25) and found.confusion.tolist() == np.eye(4).tolist()
    )
    assert np.abs(found.filters - filters).max() < 0.01
    assert store.read(2) is None


def test_the_probe_images_are_kept_exactly(store):
    assert store.probe_images() is None
    pixels = np.random.default_rng(0).integers(0, 255, (3, 8, 8, 1), dtype=np.uint8)
    store.write_probe_images(ProbeImages(pixels, np.array([1, 2, 3])))
    assert np.array_equal(store.probe_images().pixels, pixels) and store.probe_images().labels.tolist() == [1, 2, 3]


def test_a_short_training_keeps_every_epoch(store):
    for epoch in range(1, 13):
        store.write(snapshot(epoch), planned=12, is_best=epoch == 5)
    assert store.epochs() == list(range(1, 13))


def test_a_long_training_keeps_the_first_the_best_the_latest_and_some_in_between(store):
    planned = 4 * KEPT
    for epoch in range(1, 204):
        store.write(snapshot(epoch), planned, is_best=epoch in (1, 2, 30, 101, 131))
    kept = store.epochs()
    assert {1, 131, 203} <= set(kept), "first, best, latest"
    assert not {2, 30, 101} & set(kept), "what was the best before"
    assert len(kept) <= 1 + 203 // 4 + 2


def test_epochs_that_happen_again_after_an_interruption_replace_what_came_later(store):
    for epoch in (1, 2, 3, 4):
        store.write(snapshot(epoch, 0.25), planned=6, is_best=False)
    store.write(snapshot(3, 0.75), planned=6, is_best=False)
    assert store.epochs() == [1, 2, 3]
    assert store.read(3).probabilities[0, 0] == 0.75


def test_damaged_and_foreign_files_are_passed_over(store):
    store.write(snapshot(1), planned=2, is_best=True)
    (store.folder / "000002.npz").write_bytes(b"half")
    (store.folder / "holiday.npz").write_bytes(b"")
    assert store.epochs() == [1, 2]
    assert store.read(2) is None


def test_weights_beyond_half_precision_are_kept_at_its_edge(store):
    store.write(snapshot(1, filters=np.full((1, 2, 2, 1), 1e9, np.float32)), planned=1, is_best=True)
    assert np.isfinite(store.read(1).filters).all()
