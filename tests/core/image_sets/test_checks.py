"""What the checks say of small datasets that are each wrong in one way, and that what it offers puts it right."""

import pytest

from core.image_sets.checks import findings
from core.image_sets.edit import editing
from core.image_sets.finding import verdict
from tests.core.image_sets.test_near_duplicates import scene
from tests.own import class_files, encoded, staged

GOOD = {"dots": 12, "rings": 12}


def found_in(dataset):
    return {each.kind: each for each in findings(dataset)}


def one_way_wrong(tmp_path, **files):
    """A good dataset of square pictures with these files more, by class."""
    more = {f"{name}/extra {number}.png": each for name, group in files.items() for number, each in enumerate(group)}
    return staged(tmp_path, class_files(GOOD, size=(48, 48)) | more)[0]


def apply(dataset, repair):
    with editing(dataset, "repaired") as edit:
        repair(edit)


def test_good_pictures_are_good(tmp_path):
    dataset = one_way_wrong(tmp_path)
    assert findings(dataset) == () and verdict([]).level == "good"


@pytest.mark.parametrize(("size", "offered"), [((48, 48), False), ((90, 30), True), ((30, 90), True)])
def test_how_pictures_become_square_is_asked_whenever_they_are_not(tmp_path, size, offered):
    dataset = staged(tmp_path, class_files(GOOD, size=size))[0]
    told = found_in(dataset).get("sizes")
    assert (told is not None) == offered
    if told:
        assert (
            list(told.choice.labels) == ["crop", "pad", "stretch"] and told.choice.example in dataset.members().images
        )
        assert "66.7\u202f%" in told.sentence and f"{size[0]} x {size[1]}" in told.sentence


def test_classes_that_differ_in_their_writing_are_joined(tmp_path):
    files = {name: count for name, count in (("Cat", 11), ("cat", 14), ("CAT", 11), ("dog", 12))}
    dataset = staged(tmp_path, {
        f"{name}/{number}.png": encoded(scene(100 * place + number, (48, 48)))
        for place, (name, count) in enumerate(files.items())
        for number in range(count)
    })[0]  # fmt: skip
    [told] = [each for each in findings(dataset) if each.kind.startswith("written")]
    assert told.action == "Join them as cat" and told.is_serious
    apply(dataset, told.repair)
    assert {each.name: each.images for each in dataset.classes()} == {"cat": 36, "dog": 12}


def test_measured_numbers_are_no_classes(tmp_path):
    files = {f"{20 + number * 1.37:.2f}/0.png": encoded(scene(number)) for number in range(12)}
    dataset = staged(tmp_path, files)[0]
    assert found_in(dataset)["numbers"].is_serious and verdict(findings(dataset)).level != "good"


def test_one_class_is_the_end_whatever_else_there_is(tmp_path):
    dataset = staged(tmp_path, class_files({"dots": 12}))[0]
    found = findings(dataset)
    assert found[0].kind == "one class" and found[0].blocks and verdict(found).level == "stop"
