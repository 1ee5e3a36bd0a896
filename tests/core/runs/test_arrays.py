"""Files of named arrays: whole, or as if they were not there."""

import numpy as np
import pytest

from core.runs.arrays import read_arrays, write_arrays

FINE = {"logits": np.zeros((4, 3), np.float16), "labels": np.arange(4)}


def test_arrays_come_back_as_they_were(tmp_path):
    write_arrays(tmp_path / "some.npz", grid=np.arange(6).reshape(2, 3), none=np.zeros(0, np.float16))
    found = read_arrays(tmp_path / "some.npz", grid="iu2")
    assert found["grid"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["none"].dtype == np.float16
    assert [path.name for path in tmp_path.iterdir()] == ["some.npz"]


@pytest.mark.parametrize("harm", ["missing", "cut", "foreign", "pickled", "lacks one"])
def test_of_a_file_that_is_no_good_there_is_nothing(harm, tmp_path):
    path = tmp_path / "some.npz"
    write_arrays(path, grid=np.arange(1000))
    whole = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "pickled":
        np.savez(path, grid=np.array([object()]))
    else:
        path.write_bytes({"cut": whole[:500], "foreign": b"hello", "lacks one": whole}[harm])
    assert read_arrays(path, grid="iu1", **({"other": "iu1"} if harm == "lacks one" else {})) == {}


@pytest.mark.parametrize(
    "odd",
    [
        {"logits": np.full((4, 3), np.nan)},
        {"logits": np.full((4, 3), np.inf, np.float32)},
        {"logits": np.zeros((4, 3), np.complex64)},
        {"logits": np.zeros((4, 3), int)},
        {"logits": np.zeros(12)},
        {"labels": np.full(4, -1)},
        {"labels": np.zeros(4)},
        {"labels": np.zeros(4, bool)},
        {"labels": np.full(4, "x")},
        {"labels": np.full(4, "2020-01-01", "datetime64[s]")},
        {"labels": np.zeros((4, 1), int)},
    ],
)
def test_nothing_is_read_of_a_file_with_an_array_of_another_kind(odd, tmp_path):
    write_arrays(tmp_path / "a.npz", **{**FINE, **odd})
    assert read_arrays(tmp_path / "a.npz", logits="f2", labels="iu1") == {}
