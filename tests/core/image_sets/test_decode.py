"""Kept pictures as pixels of one size, the same in whatever pieces."""

import numpy as np
from PIL import Image

from core.image_sets.decode import decode, prepared
from tests.own import encoded

HOW = {"channels": 3, "side": 16, "fit": "crop"}


def test_pictures_come_in_order_in_pieces(dataset):
    images = dataset.members().images
    whole = decode(list(dataset.contents(images.tolist())), HOW)
    assert whole.shape == (30, 3, 16, 16) and whole.dtype == np.uint8
    pieces = list(prepared(dataset, images, HOW, 7))
    assert [start for start, _ in pieces] == [0, 7, 14, 21, 28]
    np.testing.assert_array_equal(np.concatenate([block for _, block in pieces]), whole)


def test_a_drawing_without_ink_is_black(dataset):
    page = encoded(Image.new("L", (60, 60), 255))
    assert not decode([page], {"channels": 1, "side": 8, "fit": "ink"}).any()
