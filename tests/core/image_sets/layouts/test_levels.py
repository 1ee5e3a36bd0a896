"""Folders by evidence: which level is the class, which the split, and what is asked."""

import pytest

from tests.core.image_sets.test_layout import files, placed, read, sames

FOLDERS = {
    "classes": (files("cat", "dog"), sames("/cat /dog")),
    "wrapped": (files("a/my set/cat", "a/my set/dog"), sames("/cat /dog")),
    "stray picture": ([*files("set/images/cat", "set/images/dog"), "set/preview.png"], sames("/cat /dog")),
    "preview folder": (files("set/cat/in", "set/dog/out") + files("previews", count=3), sames("/cat /dog")),
    "preview among classes": (files("cat", "dog", count=50) + files("preview", count=2), sames("/cat /dog", 50)),
    "three splits": (
        files("train/cat", "train/dog", "val/cat", "val/dog", "test/cat", "test/dog"),
        sames("train/cat train/dog val/cat val/dog test/cat test/dog"),
    ),
    "training_set, test_set": (
        files("training_set/cat", "training_set/dog", "test_set/cat", "test_set/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "train_set, Dev": (
        files("s/Train_Set/cat", "s/Train_Set/dog", "s/Dev/cat", "s/Dev/dog", "s/hold-out/cat", "s/hold-out/dog"),
        sames("train/cat train/dog val/cat val/dog test/cat test/dog"),
    ),
    "names twice": (
        files("seg_train/seg_train/sea", "seg_train/seg_train/ice", "seg_test/seg_test/sea", "seg_test/seg_test/ice")
        + files("seg_pred/seg_pred"),
        sames("train/sea train/ice test/sea test/ice"),
    ),
    "two splits": (
        files("train/cat", "train/dog", "val/cat", "val/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "split within class": (
        files("cat/train", "cat/test", "dog/train", "dog/test"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "splits of which one is small": (
        files("train/cat", "train/dog", count=400) + files("test/cat", "test/dog", count=2),
        sames("train/cat train/dog", 400) | sames("test/cat test/dog", 2),
    ),
    "a class called train": (files("car", "bus", "train"), sames("/car /bus /train")),
    "kinds within classes": (files("cat/tabby", "cat/siamese", "dog/pug", "dog/collie"), sames("/cat /dog", 24)),
    "images in each class": (files("cat/images", "dog/images"), sames("/cat /dog")),
    "numbers": (files("0", "1", "10"), sames("/0 /1 /10")),
    "unlabelled test": (files("train/cat", "train/dog", "test"), sames("train/cat train/dog")),
    "splits two deep": (
        files("data/train/images/cat", "data/train/images/dog", "data/test/images/cat", "data/test/images/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "few of everything": (
        files("train/cat", "train/dog", "val/cat", "val/dog", "test/cat", "test/dog", count=2),
        sames("train/cat train/dog val/cat val/dog test/cat test/dog", 2),
    ),
    "one split only": (files("train/cat", "train/dog"), sames("/cat /dog")),
}


@pytest.mark.parametrize("names, expected", FOLDERS.values(), ids=FOLDERS)
def test_folders_that_leave_no_doubt(names, expected):
    layout = read(names)
    assert placed(layout) == expected
    assert not layout.question


ASKED = {
    "two years": (
        files("2023/cat", "2023/dog", "2024/cat", "2024/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "one is larger": (
        files("first/cat", "first/dog", count=5) + files("more/cat", "more/dog"),
        sames("train/cat train/dog") | sames("test/cat test/dog", 5),
    ),
    "one is known": (
        files("aside/cat", "aside/dog") + files("train/cat", "train/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "cameras": (files(*(f"cam{n}/{kind}" for n in range(5) for kind in ("ok", "broken"))), sames("/ok /broken", 60)),
    "many of their own": (
        files(*(f"{breed}/{sex}" for breed in ("pug", "collie", "boxer", "beagle", "husky") for sex in ("he", "she"))),
        sames("/pug /collie /boxer /beagle /husky", 24),
    ),
}


@pytest.mark.parametrize("names, expected", ASKED.values(), ids=ASKED)
def test_unknown_folders_with_the_same_children_are_asked_about(names, expected):
    layout = read(names)
    assert placed(layout) == expected
    assert "Which level is the class?" in layout.question and len(layout.alternatives) > 1
    for key in layout.alternatives:
        other = read(names, reading=key)
        assert other.key == key and not other.question and len(other.pictures) == len(names)
    outer = {name.split("/")[0] for name in names}
    assert set(read(names, reading="level-1").classes()) == outer
