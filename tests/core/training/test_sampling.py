"""Rare classes: shown more often, or weighed more."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.training.loop import Epoch
from core.training.sampling import batch_bounds, class_weights, least_batch, order_of
from tests.core.training.trained import run
from tests.helpers import quick_config


def test_balance_shows_every_class_equally_often_and_the_seed_decides():
    labels = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)

    def drawn(seed, balanced=True):
        return order_of(labels, balanced, torch.Generator().manual_seed(seed))

    counts = torch.bincount(labels[drawn(0)])
    assert counts.sum() == 1000 and (counts - 1000 / 3).abs().max() < 60
    assert torch.equal(drawn(1), drawn(1)) and not torch.equal(drawn(1), drawn(2))
    assert torch.equal(drawn(3, balanced=False).sort().values, torch.arange(1000))


def test_class_weights_make_all_classes_count_the_same():
    labels = torch.tensor([0] * 90 + [2] * 9 + [3])
    weights = class_weights(labels, 5)
    together = torch.zeros(5).index_add(0, labels, weights[labels])
    torch.testing.assert_close(together, torch.tensor([100 / 3, 0, 100 / 3, 100 / 3, 0]))
    assert weights[labels].mean().item() == pytest.approx(1)


@pytest.fixture(scope="module")
def lopsided():
    """The digits with eight in nine images of a class left out of the training."""
    images = quick_config().dataset.load(None)
    kept = (images.train_labels != 3) | (torch.arange(len(images.train_labels)) % 9 == 0)
    return dataclasses.replace(images, train_images=images.train_images[kept], train_labels=images.train_labels[kept])


def recall_of_the_rare(balance, images):
    config = quick_config(epochs=4, batch_size=32, training={"balance": balance})
    _, happened, _ = run(config, images)
    confusion = [each for each in happened if isinstance(each, Epoch)][-1].confusion
    return confusion[3, 3] / confusion[3].sum(), confusion.tolist()


def test_both_ways_find_more_of_a_rare_class(lopsided):
    off, *_ = recall_of_the_rare("off", lopsided)
    assert all(recall_of_the_rare(way, lopsided)[0] > off for way in ("sampling", "weights"))


def test_configs_from_before_there_were_two_ways_still_work(lopsided):
    assert recall_of_the_rare(True, lopsided) == recall_of_the_rare("sampling", lopsided)
    assert recall_of_the_rare(False, lopsided) == recall_of_the_rare("off", lopsided)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 400), st.integers(1, 450))
def test_batches_cover_every_image_once(images, batch_size):
    bounds = batch_bounds(images, batch_size)
    assert [number for start, end in bounds for number in range(start, end)] == list(range(images))
    sizes = [end - start for start, end in bounds]
    assert all(size == batch_size for size in sizes[:-1])
    assert 1 <= sizes[-1] <= batch_size + 1
    if images > 1 and batch_size > 1:
        assert min(sizes) > 1, "batch norm needs two images"


@settings(deadline=None)
@given(st.integers(1, 2000), st.integers(1, 450))
def test_no_step_is_made_of_less_than_a_quarter_of_a_batch(images, batch_size):
    sizes = [end - start for start, end in batch_bounds(images, batch_size, least_batch(batch_size))]
    assert sum(sizes) == images and all(size == batch_size for size in sizes[:-1])
    assert sizes[-1] < max(batch_size * 1.25, batch_size + 2)
    assert len(sizes) == 1 or sizes[-1] >= batch_size / 4


def test_a_quarter_of_a_batch_is_a_step_of_its_own():
    assert batch_bounds(64 * 2 + 16, 64, least_batch(64)) == [(0, 64), (64, 128), (128, 144)]
    assert batch_bounds(64 * 2 + 15, 64, least_batch(64)) == [(0, 64), (64, 143)]


@pytest.mark.parametrize(
    ("images", "batch_size", "expected"),
    [
        (10, 5, [(0, 5), (5, 10)]),
        (11, 5, [(0, 5), (5, 11)]),
        (12, 5, [(0, 5), (5, 10), (10, 12)]),
        (3, 5, [(0, 3)]),
        (1, 1, [(0, 1)]),
    ],
)
def test_batch_bounds(images, batch_size, expected):
    assert batch_bounds(images, batch_size) == expected
