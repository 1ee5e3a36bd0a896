"""The digits that come with the installation."""

import numpy as np
import pytest
import torch
from PIL import Image

from core.datasets import DATASETS


@pytest.fixture(scope="module")
def digits():
    return DATASETS.parse("digits").load(None)


def test_shapes_types_and_counts(digits):
    assert digits.train_images.shape == (1437, 1, 8, 8) and digits.test_images.shape == (360, 1, 8, 8)
    assert digits.train_images.dtype == digits.test_images.dtype == torch.uint8
    assert digits.train_labels.shape == (1437,) and digits.test_labels.shape == (360,)
    assert digits.train_labels.dtype == digits.test_labels.dtype == torch.int64
    assert (digits.train_images.min(), digits.train_images.max()) == (0, 255)


def test_the_test_images_are_a_stratified_fifth(digits):
    whole = torch.cat([digits.train_labels, digits.test_labels]).bincount()
    assert (digits.test_labels.bincount() - whole / 5).abs().max() < 1
    assert whole.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # as scikit-learn documents


def test_train_and_test_are_all_digits_and_always_the_same(digits):
    from sklearn.datasets import load_digits

    again = DATASETS.parse("digits").load(None)
    assert torch.equal(again.test_images, digits.test_images) and torch.equal(again.train_labels, digits.train_labels)
    ours = torch.cat([digits.train_images, digits.test_images]).flatten(1).tolist()
    published = (load_digits().data * 255 / 16).round().astype(int).tolist()
    assert sorted(ours) == sorted(published)


def test_the_mean_and_deviation_told_are_those_of_the_training_images(digits):
    info = DATASETS.parse("digits").info()
    pixels = digits.train_images.float() / 255
    assert info.mean[0] == pytest.approx(pixels.mean().item(), abs=5e-4)
    assert info.deviation[0] == pytest.approx(pixels.std().item(), abs=5e-4)


def test_digits_need_no_folder_and_no_download(tmp_path):
    settings = DATASETS.parse("digits")
    assert settings.is_present(tmp_path / "nowhere")
    assert settings.archives(tmp_path) == []
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("image", [0, 100, 359])
def test_a_digit_of_the_test_images_is_prepared_as_itself(image, digits):
    pixels = digits.test_images[image, 0].numpy()
    assert np.array_equal(DATASETS.parse("digits").prepare(Image.fromarray(pixels))[0], pixels)
