"""Features of pictures, kept for the next time: bounded, and harmless when they are damaged."""

import sqlite3

import numpy as np
import pytest

from core.image_sets.kept_features import KeptFeatures, content_key


def test_kept_features_are_bounded_and_outlive_damage(tmp_path):
    kept = KeptFeatures(tmp_path, most=5)
    rows = {content_key(bytes([n]), "x"): np.full(4, n, np.float32) for n in range(8)}
    for key, row in rows.items():
        kept.put({key: row})
    found = KeptFeatures(tmp_path).get(list(rows))
    assert set(found) == set(list(rows)[3:]), "the newest stay"
    assert all(np.array_equal(found[key], rows[key]) for key in found)
    assert content_key(b"a", "x") != content_key(b"a", "y") != content_key(b"b", "y")
    kept.file.write_bytes(b"no database at all, but long enough to be read as one" * 50)
    assert kept.get(list(rows)) == {}
    kept.put(rows)
    assert len(kept.get(list(rows))) == 5
    with sqlite3.connect(kept.file) as connection:
        connection.execute("drop table features")
    assert kept.get(list(rows)) == {}


@pytest.mark.parametrize("damaged", ["all", "rows"])
def test_a_damaged_file_is_closed_before_it_is_removed(tmp_path, windows, damaged):
    kept = KeptFeatures(tmp_path)
    kept.put({bytes([n]) * 16: np.full(3000, n, np.float32) for n in range(9)})
    whole = kept.file.read_bytes()
    kept.file.write_bytes((b"" if damaged == "all" else whole[:4096]) + b"x" * (len(whole) - 4096))
    assert kept.get([bytes([3]) * 16]) == {}
    assert not kept.file.exists() and windows.refused == []


def test_where_nothing_can_be_kept_nothing_is_raised(tmp_path):
    (tmp_path / "cache").write_bytes(b"a file where a folder should be")
    kept = KeptFeatures(tmp_path / "cache")
    kept.put({b"a": np.zeros(3)})
    assert kept.get([b"a"]) == {}
