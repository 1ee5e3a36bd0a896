"""One dataset: its pages, and what is remembered of it until its file changes."""

import os

import numpy as np
import pytest

from core.image_sets.edit import editing
from core.image_sets.own_dataset import OwnDataError, OwnDataset, remembered
from tests.core.image_sets.test_edit import class_id, of_class


def test_pages_of_a_class_follow_each_other(dataset):
    pages = [dataset.page(class_id(dataset, "dots"), start, 4) for start in (0, 4, 8)]
    assert [number for page in pages for number in page] == of_class(dataset, "dots")
    assert np.all(np.diff([number for page in pages for number in page]) > 0)


def test_an_answer_is_remembered_until_the_file_changes(dataset):
    asked = []

    @remembered(4)
    def pictures(of, disabled=False):
        asked.append(disabled)
        return len(of.members(disabled=disabled).images)

    assert pictures(dataset) == pictures(dataset) == pictures(dataset, disabled=True) == 30 and asked == [False, True]
    for left in (29, 28):  # changes that follow each other at once, in a file of the same size
        with editing(dataset, "removed") as edit:
            edit.remove(of_class(dataset, "dots")[:1])
        os.utime(dataset.file, (1, 1))  # where a clock is coarse, both have the same time
        assert (
            pictures(dataset) == left == len(dataset.members().images) == sum(each.images for each in dataset.classes())
        )


def test_what_is_remembered_cannot_be_written_to(dataset):
    with pytest.raises(ValueError, match="read-only"):
        dataset.members().classes[0] = 7


def test_a_dataset_that_is_gone_is_one_sentence(tmp_path):
    with pytest.raises(OwnDataError, match="cannot be opened"):
        OwnDataset(tmp_path / "gone").classes()


def test_the_usual_side_is_that_of_the_picture_in_the_middle(dataset):
    assert dataset.usual_side() == 40 and dataset.has_colour()
