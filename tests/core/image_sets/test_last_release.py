"""A dataset and an import that the last release wrote open as they are: columns, files and keys with their old names."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.datasets import DATASETS
from core.datasets._base import DatasetError
from core.datasets.own_images import OwnImages, facts_of
from core.image_analysis.label_check import Doubt, LabelCheck, last_check, open_doubts
from core.image_sets.checks import findings
from core.image_sets.edit import editing
from core.image_sets.evidence import Evidence, evidence_of
from core.image_sets.folders import delete_dataset, find_dataset, list_datasets, restore_dataset
from core.image_sets.imports import list_jobs
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.twins import leave, left_alone
from core.settings.settings import SettingsError
from tests.helpers import assert_one_sentence

SET = "20261126-073520-old-patterns"


@pytest.fixture
def data(tmp_path):
    """A copy of the folder that it left."""
    shutil.copytree(Path(__file__).parent / "last_release", tmp_path / "data")
    return tmp_path / "data"


def test_every_version_has_its_pictures_classes_and_groups(data):
    [dataset] = list_datasets(data)
    assert (dataset.id, dataset.title, dataset.about("owner")) == (SET, "Old patterns", "ann")
    assert [each.words for each in dataset.versions()] == ["moved", "11 pictures brought", "Made"]
    first, newest = dataset.members(1), dataset.members()
    assert first.group_ids.tolist() == newest.group_ids.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert [each.name for each in dataset.classes(1)] == ["dots", "rings"]
    assert [(each.name, each.counts) for each in dataset.classes()] == [
        ("dots", {"test": 1, "train": 4}),
        ("circles", {"test": 1, "train": 5}),
    ]
    assert newest.splits.tolist() == [0, 0, 0, 0, 2, 0, 2, 0, 0, 0, 0] and newest.classes[0] == 2


def test_what_was_found_out_about_it_is_known(data):
    dataset = find_dataset(SET, data)
    assert evidence_of(dataset) == Evidence(8, 2, 0.9, 0.6, 0.8, 0.7, ("dots", "circles"), {"transfer": 12.5})
    check = LabelCheck("ready", version=2, pictures=11, looked_at=11, doubts=(Doubt(2, 1, 2, 0.81),))
    assert last_check(dataset) == check and open_doubts(dataset, check, left_alone(dataset)) == list(check.doubts)
    assert left_alone(dataset) == {"pair 3 4"}
    leave(dataset, "label 2 1")
    assert open_doubts(dataset, check, left_alone(dataset)) == []
    assert {"near labels"} <= {each.kind for each in findings(dataset)}, "the copy of a picture that was moved"


def test_it_is_decoded_for_a_training_and_edited(data):
    dataset = find_dataset(SET, data)
    settings = OwnImages(source=SET, version=2, side=28, facts=facts_of(dataset, 2))
    images = settings.load(data)
    assert images.train_images.shape == (9, 3, 28, 28) and len(images.test_labels) == 2
    assert images.train_group_ids.tolist() == [0, 1, 2, 3, 5, 7, 8, 9, 0]
    with editing(dataset, "regrouped") as edit:
        edit.regroup({1: 40})
    assert dataset.members().group_ids[np.flatnonzero(dataset.members().images == 1)] == [40]
    assert dataset.members(2).group_ids[0] == 0
    delete_dataset(dataset)
    assert list_datasets(data) == [] and restore_dataset(SET, data).newest() == 3


@pytest.mark.parametrize(
    "damage", ["", "[]", "7", "[" * 9**5, '{"class_ids": [1, 1e999]}', '{"class_ids": [-1]}', '{"class_ids": 3}']
)
def test_a_damaged_version_is_one_sentence_wherever_it_is_asked_for(data, damage, monkeypatch):
    dataset = find_dataset(SET, data)
    settings = OwnImages(source=SET, version=2, side=28, facts=facts_of(dataset, 2))
    dataset.facts_file(2).write_text(damage)
    with pytest.raises(OwnDataError) as caught:
        facts_of(dataset, 2)
    assert_one_sentence(str(caught.value), SET, "no version 2", "choose 0")
    with pytest.raises(DatasetError, match="bring them back"):
        settings.load(data)
    monkeypatch.setenv("TRAINDESK_DATA", str(data))
    with pytest.raises(SettingsError, match="no version 2"):
        DATASETS.parse({"name": "own_images", "source": SET, "version": 2})


def test_what_was_said_to_be_right_survives_damage(data):
    dataset = find_dataset(SET, data)
    dataset.set_about(left='["pair 3 4", 7, null, "\\ud800"]')
    assert left_alone(dataset) >= {"pair 3 4"} and all(isinstance(each, str) for each in left_alone(dataset))
    dataset.set_about(left="[" * 9**5)
    assert left_alone(dataset) == set()


def test_an_import_says_what_it_was(data):
    [job] = list_jobs(data)
    assert job.owner == "ann" and job.request().title == "Old patterns" and job.reading().key == "level-1"
    assert (job.progress().state, job.progress().done) == ("ready", 11)
    [(name, why)] = job.report().unreadable
    assert name == "rings/broken.png" and why.startswith("is not an image") and job.report().pictures == 11
