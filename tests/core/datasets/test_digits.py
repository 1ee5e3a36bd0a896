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


def test_train_and_test_are_as_scikit_learn_has_and_divides_them(digits):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    bundle = load_digits()
    train, test = train_test_split(range(1797), test_size=360, stratify=bundle.target, random_state=0)
    published = torch.from_numpy((bundle.images * 255 / 16).round().astype(np.uint8)).unsqueeze(1)
    assert torch.equal(digits.train_images, published[train]) and torch.equal(digits.test_images, published[test])
    assert digits.train_labels.tolist() == bundle.target[train].tolist()
    assert digits.test_labels.tolist() == bundle.target[test].tolist()
    again = DATASETS.parse("digits").load(None)
    assert torch.equal(again.test_images, digits.test_images) and torch.equal(again.train_labels, digits.train_labels)


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
