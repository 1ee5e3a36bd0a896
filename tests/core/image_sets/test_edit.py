"""Versions of an own dataset: what was stays, every edit can be undone, and a failed edit changes nothing."""

import json

import pytest

from core.image_sets.edit import editing
from core.image_sets.own_dataset import OwnDataError


def state(dataset, version=None):
    members = dataset.members(version, disabled=True)
    classes = [(each.id, each.name, each.enabled) for each in dataset.classes(version)]
    return (
        classes,
        members.images.tolist(),
        members.classes.tolist(),
        members.splits.tolist(),
        members.group_ids.tolist(),
    )


def class_id(dataset, name):
    return next(each.id for each in dataset.classes() if each.name == name)


def of_class(dataset, name):
    members = dataset.members(disabled=True)
    return members.images[members.classes == class_id(dataset, name)].tolist()


EDITS = {
    "remove": lambda edit, dataset: edit.remove(of_class(dataset, "dots")[:3]),
    "move": lambda edit, dataset: edit.move(of_class(dataset, "dots")[:3], class_id(dataset, "rings")),
    "split": lambda edit, dataset: edit.into_split(of_class(dataset, "dots")[:3], "val"),
    "rename": lambda edit, dataset: edit.rename_class(class_id(dataset, "dots"), "spots"),
    "join": lambda edit, dataset: edit.rename_class(class_id(dataset, "dots"), "rings"),
    "switch off": lambda edit, dataset: edit.enable([class_id(dataset, "dots")], False),
    "remove a class": lambda edit, dataset: edit.remove_classes([class_id(dataset, "dots")]),
    "new class": lambda edit, dataset: edit.move(of_class(dataset, "dots")[:2], edit.class_of_name("new")),
    "two moves": lambda edit, dataset: [
        edit.move(of_class(dataset, "dots")[:2], class_id(dataset, "rings")),
        edit.move(of_class(dataset, "dots")[:2], class_id(dataset, "stripes")),
    ],
}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_makes_a_version_leaves_the_one_before_and_can_be_undone(dataset, kind):
    before, facts = state(dataset), dataset.facts_file(1).read_text()
    with editing(dataset, kind) as edit:
        EDITS[kind](edit, dataset)
    assert dataset.newest() == 2 and dataset.versions()[0].words == kind
    after = state(dataset)
    assert after != before and state(dataset, 1) == before and dataset.facts_file(1).read_text() == facts
    assert len(set(after[1])) == len(after[1]), "a picture is in one class only"
    with editing(dataset, "undo") as edit:
        edit.back_to(1)
    assert state(dataset) == before and state(dataset, 2) == after
    assert json.loads(dataset.facts_file(3).read_text()) == json.loads(facts)


def test_joined_classes_hold_the_pictures_of_both(dataset):
    with editing(dataset, "join") as edit:
        EDITS["join"](edit, dataset)
    assert {each.name: each.images for each in dataset.classes()} == {"rings": 20, "stripes": 10}


def test_the_facts_count_what_takes_part(dataset):
    with editing(dataset, "off") as edit:
        edit.enable([class_id(dataset, "dots")], False)
        edit.remove(of_class(dataset, "rings")[:1])
    facts = json.loads(dataset.facts_file(2).read_text())
    assert facts["class_names"] == ["rings", "stripes"] and facts["train_images"] + facts["test_images"] == 19
    assert all(0.3 < value < 0.6 for value in facts["mean"]) and all(0.05 < value < 0.4 for value in facts["deviation"])


def test_a_failed_edit_changes_nothing(dataset):
    before = state(dataset)
    with pytest.raises(OwnDataError), editing(dataset, "half") as edit:
        edit.remove(of_class(dataset, "dots"))
        edit.rename_class(class_id(dataset, "rings"), "x" * 61)
    assert state(dataset) == before and dataset.newest() == 1


@pytest.mark.parametrize("name", ["", "   ", "\n", "x" * 61])
def test_a_bad_class_name_is_refused(dataset, name):
    with pytest.raises(OwnDataError), editing(dataset, "bad") as edit:
        edit.class_of_name(name)
