"""What a desk says of files is taken only where it names a place and a size that a training needs."""

import pytest

from core.errors import TrainDeskError
from core.nodes.parcels import KINDS, Parcel
from tests.helpers import assert_one_sentence

GOOD = {"root": "data", "path": "weights/x.pth", "size": 1, "digest": "0" * 64}


@pytest.mark.parametrize(
    "path",
    [
        "../x.pth",
        "/etc/passwd",
        "weights/../../x",
        "weights/.x",
        "weights\\x.pth",
        "C:/x",
        "weights/C:x",
        "weights//x",
        "weights/x/y",
        "weights/x\n",
        "weights/x\0",
        "weights",
        "",
        "own/digits/1/x.png",
        "sets/x/pictures.sqlite",
        "cache/digits-1/train_pixels.npy",
        "decoded/x/train_pixels.npy",
        "decoded/x-0123456789abcdef/evil.py",
        "decoded/../x-0123456789abcdef/train_pixels.npy",
        "earlier/x-0123456789abcdef/events.jsonl",
    ],
)
def test_places_that_are_none_are_refused(path):
    Parcel.from_dict(GOOD)
    with pytest.raises(TrainDeskError) as caught:
        Parcel.from_dict(GOOD | {"path": path})
    assert_one_sentence(" ".join(str(caught.value).replace("\0", "").split()), "which no training needs")


@pytest.mark.parametrize(
    "change",
    [
        {"root": "runs"},
        {"root": "run", "path": "config.json"},
        {"root": "run", "path": "worker.pid"},
        {"root": "run", "path": "../other/last.pt"},
        {"root": "run", "path": "brought.json"},
        {"root": None},
        {"path": None},
        {"size": -1},
        {"size": 1.5},
        {"size": True},
        {"size": 2**60},
        {"root": "run", "path": "looks/best", "size": 1000},
        {"digest": "0" * 63},
        {"digest": "../" + "0" * 61},
        {"digest": None},
    ],
)
def test_what_is_no_parcel_is_refused(change):
    with pytest.raises(TrainDeskError):
        Parcel.from_dict(GOOD | change)


def test_what_is_no_object_is_refused():
    for said in (None, [], "weights/x.pth", 5):
        with pytest.raises(TrainDeskError):
            Parcel.from_dict(said)
    assert Parcel.from_dict(GOOD).to_dict() == GOOD
    assert set(KINDS) == {"decoded", "corrections", "earlier"}
