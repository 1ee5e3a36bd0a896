"""Names of folders that mean training, validation and test, and those that only seem to."""

import pytest

from core.image_sets.layouts.split_names import hint, is_filler, is_mask, is_preview, meaning, splits_of


@pytest.mark.parametrize(
    ("names", "sense"),
    [
        ("Training_Set train2017 trn TrainData", "train"),
        ("val valid validation_images dev", "val"),
        ("test-2023 hold-out testing", "test"),
        ("cat trainer latest contest my_data", ""),
    ],
)
def test_what_a_name_means(names, sense):
    assert {meaning(name) for name in names.split()} == {sense}


def test_one_word_among_others_is_a_hint_only():
    assert meaning("seg_train") == "" and hint("seg_train") == "train" and hint("train_test") == ""


def test_eval_is_the_test_where_there_is_no_other():
    assert splits_of(["train", "eval", "cat"]) == {"train": "train", "eval": "test"}
    assert splits_of(["train", "eval", "test"])["eval"] == "val"
    assert splits_of(["seg_train", "x"], loose=True) == {"seg_train": "train"}


def test_names_that_say_that_there_are_pictures_masks_or_previews():
    assert is_filler("my images") and not is_filler("cat images") and not is_filler("7")
    assert is_mask("masks_png") and not is_mask("images") and not is_mask("cat masks")
    assert is_preview("sample_images") and not is_preview("samples of cats")
