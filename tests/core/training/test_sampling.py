"""Rare classes: shown more often, or weighed more."""

import dataclasses

import pytest
import torch

from core.training.loop import Epoch
from core.training.sampling import class_weights, order_of
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
