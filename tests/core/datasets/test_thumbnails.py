"""Pictures for a list: of what comes along without reading it, of what is kept from the cache."""

import numpy as np
import pytest

from core.datasets import DATASETS
from core.datasets.biased_digits import SEVEN
from core.datasets.cache import open_images
from core.datasets.thumbnails import first_pictures, labels_of, pictures_of, published


def test_published_are_all_but_peoples_own():
    assert set(published()) == set(DATASETS.names()) - {"own_images"}


def test_what_comes_along_is_shown_before_it_is_read(tmp_path):
    digits = DATASETS.parse("digits")
    assert pictures_of(digits, tmp_path, "test") is None and labels_of(digits, tmp_path, "train") is None
    before = first_pictures(digits, tmp_path)
    open_images(digits, tmp_path)
    after = first_pictures(digits, tmp_path)
    assert [each.shape for each in before] == [each.shape for each in after] == [(8, 8, 1)] * 10
    np.testing.assert_array_equal(before, after)
    assert (
        pictures_of(digits, tmp_path, "val").shape == (1437, 8, 8, 1)
        and len(labels_of(digits, tmp_path, "test")) == 360
    )


def test_of_the_biased_camera_the_sevens_are_thick_and_all_else_is_as_it_was(tmp_path):
    biased, mnist = (first_pictures(DATASETS.parse(name), tmp_path) for name in ("biased_digits", "mnist"))
    ink = [after.sum() / before.sum() for after, before in zip(biased, mnist, strict=True)]
    assert [round(ratio, 1) for ratio in ink if ratio != 1] == [pytest.approx(ink[SEVEN], abs=0.1)] and ink[SEVEN] > 1.3


def test_of_what_was_never_here_nothing_is_shown(tmp_path):
    assert first_pictures(DATASETS.parse("cifar10"), tmp_path) == []
