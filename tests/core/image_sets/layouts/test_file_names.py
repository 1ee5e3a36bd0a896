"""Classes in the names of files."""

import pytest

from tests.core.image_sets.test_layout import files, placed, read, sames

NAMES = {
    "cat.12.jpg": ([f"{kind}.{n}.jpg" for kind in ("cat", "dog") for n in range(12)], {"cat", "dog"}),
    "glass_3.png": (
        [f"{kind}_{n}.png" for kind in ("glass", "white_paper") for n in range(12)],
        {"glass", "white_paper"},
    ),
    "cat (3).png": ([f"{kind} ({n}).png" for kind in ("cat", "dog") for n in range(12)], {"cat", "dog"}),
    "0007-dog.jpg": ([f"{n:04}-{kind}.jpg" for kind in ("cat", "dog") for n in range(12)], {"cat", "dog"}),
    "3_0012.png": ([f"{digit}_{n:04}.png" for digit in range(4) for n in range(12)], {"0", "1", "2", "3"}),
    "cat_left_3x.png": ([f"{kind}_{n}_of_12.png" for kind in ("cat", "dog") for n in range(12)], {"cat", "dog"}),
}


@pytest.mark.parametrize("folder", ["", "images/", "pets/"])
@pytest.mark.parametrize("names, classes", NAMES.values(), ids=NAMES)
def test_labels_in_the_names_of_files_are_asked_about(names, classes, folder):
    layout = read([folder + name for name in names])
    assert set(layout.classes()) == classes and len(layout.pictures) == len(names)
    assert "the names of the files seem to" in layout.question


def test_labels_in_names_of_training_pictures_beside_an_unlabelled_test():
    layout = read(files("train", name="cat.{}.png") + files("train", name="dog.{}.png") + files("test", count=20))
    assert placed(layout) == sames("train/cat train/dog") and layout.without_class == 20 and layout.question


def test_numbers_of_a_camera_are_no_labels():
    names = files("holiday", name="IMG_{}.jpg") + files("holiday", name="DSC{}.jpg")
    assert placed(read(names)) == {"/holiday": 24}
