"""The map of pictures: what is alike lies side by side, what is like nothing is the oddest, a damaged map is none."""

import numpy as np
import pytest

from core.image_analysis.picture_map import MOST, keep_map, made_map, map_file, read_map
from tests.own import own_dataset


@pytest.fixture
def features():
    """Two heaps of thirty pictures, and one that is like none."""
    random = np.random.default_rng(0)
    heaps = [random.normal(middle, 0.3, (30, 6)) for middle in (0, 5)]
    return np.concatenate([*heaps, np.full((1, 6), 30.0)]).astype(np.float32)


def test_alike_ones_lie_together_and_the_one_like_none_is_the_oddest(features):
    found = made_map(np.arange(61) + 100, features)
    assert found.images.tolist() == list(range(100, 161)) and found.places.shape == (61, 2)
    middles = [found.places[start : start + 30].mean(axis=0) for start in (0, 30)]
    for place in range(60):
        near, far = (np.linalg.norm(found.places[place] - middles[other]) for other in (place // 30, 1 - place // 30))
        assert near < far
    assert found.odd.argmax() == 60 and found.odd[60] > 3 > np.median(found.odd)
    np.testing.assert_array_equal(made_map(np.arange(61) + 100, features).places, found.places)


def test_it_is_kept_and_a_damaged_one_is_none(features, tmp_path):
    dataset = own_dataset(tmp_path / "data", tmp_path)
    assert read_map(dataset) is None
    found = made_map(np.arange(61), features)
    keep_map(dataset, found)
    np.testing.assert_array_equal(read_map(dataset).places, found.places)
    np.savez(map_file(dataset), images=np.arange(60), places=found.places, odd=found.odd)
    assert read_map(dataset) is None
    map_file(dataset).write_bytes(b"damaged")
    assert read_map(dataset) is None


def test_of_very_many_the_first_are_drawn(monkeypatch, features):
    monkeypatch.setattr("core.image_analysis.picture_map.MOST", 40)
    assert len(made_map(np.arange(61), features).images) == 40 < MOST
