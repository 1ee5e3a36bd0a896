"""A drawing is read as well as a test image."""

import io
from functools import partial

import numpy as np
import pytest
from PIL import Image

from benchmarks.drawings import pictures, read, resized, trained
from core.images.read import read_image


@pytest.fixture(scope="module")
def network(data_folder):
    return trained("digits", epochs=1, seed=0)


def test_strangers_drawings_and_photos_are_read(network):
    cases = list(pictures(10, np.random.default_rng(7), largest=(2000, 1500)))
    right = read(network, cases, network.prepare)
    assert right.mean() >= 0.93, [(kind, digit) for (kind, digit, _), ok in zip(cases, right, strict=True) if not ok]
    assert read(network, cases, partial(resized, side=28)).mean() < 0.5, "the pictures are too easy to show anything"


def test_a_test_image_saved_as_a_picture_gets_the_very_same_answer(network, data_folder):
    data = network.config.dataset.load(data_folder)
    originals = data.test_images[:200].numpy()
    saved = []
    for original in originals:
        buffer = io.BytesIO()
        Image.fromarray(original[0]).save(buffer, "PNG")
        saved.append(network.prepare(read_image(buffer.getvalue(), "digit.png")))
    np.testing.assert_array_equal(network.predict(saved), network.predict(list(originals)))
