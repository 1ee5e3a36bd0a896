"""The real MNIST, where it is in the data folder."""

import pytest
import torch

from core.datasets import DATASETS
from core.datasets.cache import open_images

pytestmark = pytest.mark.mnist


@pytest.fixture(scope="module")
def mnist(data_folder):
    settings = DATASETS.parse("mnist")
    assert settings.is_present(data_folder)
    return settings.load(data_folder)


def test_counts_and_labels_are_the_published_ones(mnist):
    assert mnist.train_images.shape == (60_000, 1, 28, 28) and mnist.test_images.shape == (10_000, 1, 28, 28)
    assert mnist.train_images.dtype == torch.uint8 and mnist.train_labels.dtype == torch.int64
    assert mnist.train_labels.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist.test_labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_facts_told_without_loading_are_true(mnist):
    info = DATASETS.parse("mnist").info()
    assert info.shape == mnist.train_images.shape[1:]
    assert (info.train_images, info.test_images) == (len(mnist.train_labels), len(mnist.test_labels))
    pixels = mnist.train_images.float() / 255
    assert info.mean[0] == pytest.approx(pixels.mean().item(), abs=1e-4)
    assert info.deviation[0] == pytest.approx(pixels.std().item(), abs=1e-4)


def test_kept_decoded_they_are_the_same(mnist, data_folder):
    images = open_images(DATASETS.parse("mnist"), data_folder)
    assert images.mapped and images.shape == (1, 28, 28)
    assert torch.equal(images.train_pixels, mnist.train_images.flatten(1))
    assert torch.equal(images.test_pixels, mnist.test_images.flatten(1))
    assert torch.equal(images.train_labels, mnist.train_labels)
    assert torch.equal(images.test_labels, mnist.test_labels)


def test_the_mlp_learns_mnist_within_an_epoch(mnist):
    from core.recipes import find_recipe
    from core.training.batches import split
    from core.training.loop import Epoch, begin, train

    config = find_recipe("mlp").config()
    splits = split(mnist, config.dataset, 0.05, 0, torch.device("cpu"))
    state = begin(config, splits, torch.device("cpu"), None)
    epoch = next(happened for happened in train(state, config, splits) if isinstance(happened, Epoch))
    assert len(splits.val) == 3000 and state.step == 57_000 // 200
    assert epoch.metrics["val/accuracy"] > 0.9
