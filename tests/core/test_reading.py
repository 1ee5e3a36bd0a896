"""A drawing is read as well as a test image."""

import io
from functools import partial

import numpy as np
import pytest
from PIL import Image

from benchmarks.drawings import pictures, read, resized, trained
from core.images.read import read_image
from core.inference.classifier import Classifier
from core.paths import HOME
from core.runs.store import Run


@pytest.fixture(scope="module")
def network():
    """The one that comes along, made by the recipe of the digits."""
    return Classifier.load(Run(HOME / "checkpoints" / "example-digits"))


@pytest.fixture(scope="module")
def cases():
    return list(pictures(10, np.random.default_rng(7), largest=(2000, 1500)))


def missed(cases, right):
    return [(kind, digit) for (kind, digit, _), ok in zip(cases, right, strict=True) if not ok]


def test_strangers_drawings_and_photos_are_read(network, cases):
    right = read(network, cases, network.prepare)
    assert right.mean() >= 0.97, missed(cases, right)
    assert read(network, cases, partial(resized, side=28)).mean() < 0.5, "the pictures are too easy to show anything"


def test_the_recipe_of_the_digits_learns_to_read_them(data_folder, cases):
    """From a sixth of its pictures, as all of them take six times as long."""
    some = cases[::2]
    learned = trained("digits", 1, 0, "training_pictures=1000")
    right = read(learned, some, learned.prepare)
    assert right.mean() >= 0.9, missed(some, right)


def test_a_test_image_saved_as_a_picture_gets_the_very_same_answer(network, data_folder):
    data = network.config.dataset.load(data_folder)
    originals = data.test_images[:200].numpy()
    saved = []
    for original in originals:
        buffer = io.BytesIO()
        Image.fromarray(original[0]).save(buffer, "PNG")
        saved.append(network.prepare(read_image(buffer.getvalue(), "digit.png")))
    np.testing.assert_array_equal(network.predict(saved), network.predict(list(originals)))
