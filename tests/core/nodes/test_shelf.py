"""What the desk hands out: what was offered to whom it was, as it was."""

import os

import pytest

from core.errors import TrainDeskError
from core.nodes.digests import Digests
from core.nodes.parcels import Parcel
from core.nodes.shelf import Shelf
from tests.core.nodes.bringing import noise
from tests.helpers import assert_one_sentence


def test_a_shelf_hands_out_what_was_offered_to_whom_it_was(tmp_path):
    path = tmp_path / "last.pt"
    path.write_bytes(noise(3000))
    content = Digests(tmp_path).of(path)
    offered = Parcel("run", "last.pt", content.size, content.digest, path, content.changed)
    shelf = Shelf()
    with pytest.raises(TrainDeskError) as caught:
        shelf.read(content.digest, 0, 10)
    assert_one_sentence(str(caught.value), "no file")
    shelf.offer("a", [offered])
    assert shelf.read(content.digest, 2990, 100) == noise(3000)[2990:] and shelf.read(content.digest, 3000, 5) == b""
    assert shelf.read(content.digest, 0, 10, ["a", "b"]) == noise(3000)[:10]
    for run_ids, place in ((["b"], (0, 10)), (["a"], (-1, 10)), (["a"], (0, -1))):
        with pytest.raises(TrainDeskError):
            shelf.read(content.digest, *place, run_ids)
    with pytest.raises(TrainDeskError):
        shelf.read("../etc/passwd", 0, 10)
    shelf.withdraw("a")
    with pytest.raises(TrainDeskError):
        shelf.read(content.digest, 0, 10)


def test_a_shelf_hands_out_eight_megabytes_at_most(tmp_path):
    path = tmp_path / "last.pt"
    with path.open("wb") as file:
        file.truncate(9 * 2**20)
    content = Digests(tmp_path).of(path)
    shelf = Shelf()
    shelf.offer("a", [Parcel("run", "last.pt", content.size, content.digest, path, content.changed)])
    assert len(shelf.read(content.digest, 0, 2**40)) == 8 * 2**20


@pytest.mark.parametrize("change", ["other bytes", "longer", "gone"])
def test_a_shelf_notices_a_file_that_has_changed(tmp_path, change):
    path = tmp_path / "last.pt"
    path.write_bytes(noise(3000))
    content = Digests(tmp_path).of(path)
    shelf = Shelf()
    shelf.offer("a", [Parcel("run", "last.pt", content.size, content.digest, path, content.changed)])
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(noise(3000 + (change == "longer"), 7))
        os.utime(path, ns=(content.changed, content.changed + (change == "other bytes")))
    with pytest.raises(TrainDeskError) as caught:
        shelf.read(content.digest, 0, 10)
    assert_one_sentence(str(caught.value), str(path), "has changed")
