"""Files of named arrays: whole, or as if they were not there."""

import numpy as np
import pytest

from core.runs.arrays import read_arrays, write_arrays


def test_arrays_come_back_as_they_were(tmp_path):
    write_arrays(tmp_path / "some.npz", grid=np.arange(6).reshape(2, 3), none=np.zeros(0, np.float16))
    found = read_arrays(tmp_path / "some.npz", "grid")
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
    assert read_arrays(path, "grid", *(["other"] if harm == "lacks one" else [])) == {}
