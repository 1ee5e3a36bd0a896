"""Folders that are labels, and pictures sorted into folders."""

import io
import zipfile

import pytest

from core.inference.class_folders import labels_of, write_sorted

NAMES = ("ant", "bumble bee", "a/b", "7")


@pytest.mark.parametrize(
    ("paths", "labels"),
    [
        (["ant/1.jpg", "bumble_bee/1.jpg", "BUMBLE-BEE/2.jpg"], [0, 1, 1]),
        (["my/train/ant/1.jpg", "my/test/7/1.jpg"], [0, 3]),
        (["ant/7/1.jpg", "ant/8/2.jpg", "bumble bee/7/3.jpg"], [0, 0, 1]),  # the level at which most are classes
        (["a∕b/1.jpg", "ant/1.jpg"], [2, 0]),  # as in a ZIP that was sorted here
        (["ant/1.jpg", "ant/2.jpg", "wasp/3.jpg", "4.jpg"], [0, 0, -1, -1]),
        (["ant/1.jpg", "wasp/2.jpg", "fly/3.jpg"], None),
        (["ant.jpg", "7.jpg"], None),
        (["wasp/ant.jpg"], None),
    ],
)
def test_folders_are_labels_when_most_are_called_like_classes(paths, labels):
    found = labels_of(paths, NAMES)
    assert found is None if labels is None else found.tolist() == labels


def test_sorted_files_keep_their_bytes_and_their_names_and_none_is_lost():
    files = [
        ("a/IMG_1.JPG", "ant"), ("b/IMG_1.JPG", "ant"), ("c/img_1.jpg", "ant"), ("d/IMG_1.JPG", None),
        ("x.png", "a/b"), ("x.png", ".."), ("../../up.png", "ant"), ("none", "ant"), ("y.png", "Unsure"),
    ]  # fmt: skip
    stream = io.BytesIO()
    write_sorted(((name, folder, f"{place}".encode()) for place, (name, folder) in enumerate(files)), stream)
    with zipfile.ZipFile(stream) as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert found == {
        "ant/IMG_1.JPG": "0", "ant/IMG_1 (2).JPG": "1", "ant/img_1 (3).jpg": "2", "unsure/IMG_1.JPG": "3",
        "a∕b/x.png": "4", "․․/x.png": "5", "ant/up.png": "6", "ant/none": "7", "Unsure (class)/y.png": "8",
    }  # fmt: skip
