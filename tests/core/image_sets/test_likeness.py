"""Pairs of look-alikes are compared once and kept."""

import numpy as np

from core.image_sets.likeness import pairs_of
from tests.core.image_sets.test_checks import one_way_wrong
from tests.core.image_sets.test_near_duplicates import jpeg, scene
from tests.own import encoded


def test_a_dataset_of_before_pairs_were_kept_is_compared_when_it_is_looked_at(tmp_path):
    dataset = one_way_wrong(tmp_path, dots=[encoded(scene(1)), encoded(jpeg(scene(1)))])
    kept = pairs_of(dataset)
    assert len(kept) == 1
    with dataset.connected() as connection:
        connection.execute("drop table near")
    np.testing.assert_array_equal(pairs_of(dataset), kept)
    with dataset.connected() as connection:
        assert connection.execute("select count(*) from near").fetchone()[0] == 1
