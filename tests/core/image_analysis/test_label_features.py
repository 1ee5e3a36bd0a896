"""Features of a dataset's pictures: pixels count beside the network's where pictures are small."""

import numpy as np
import pytest

from core.image_analysis import photo_features
from core.image_analysis.label_features import PIXELS, features_of
from tests.own import class_files, staged


@pytest.mark.parametrize(("size", "kinds"), [((48, 40), 2), ((240, 240), 1)])
def test_pixels_count_where_pictures_are_small(tmp_path, monkeypatch, size, kinds):
    sides = []

    def means(_, pixels):
        sides.append(pixels.shape[-1])
        return pixels.mean(axis=(2, 3)).astype(np.float32)

    monkeypatch.setattr(photo_features, "photo_features", means)
    dataset = staged(tmp_path, class_files({"dots": 4, "rings": 4}, size=size))[0]
    told = []
    found = features_of(dataset, dataset.members().images, lambda *said: told.append(said))
    assert [each.shape for each in found] == [(8, 3), (8, PIXELS * PIXELS)][:kinds]
    assert set(sides) == {64 if kinds == 2 else 224} and told[-1][1:] == (8, 8)
    again = features_of(dataset, dataset.members().images[::-1], lambda *said: pytest.fail("looked again"))
    np.testing.assert_allclose(again[0], found[0][::-1], rtol=1e-3)  # kept in 16 bits
