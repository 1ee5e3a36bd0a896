"""Wrong labels are looked for among all pictures of a dataset, in a process that pages need not wait for."""

import json

import numpy as np
import pytest
from PIL import Image

from core.image_analysis import label_check, label_features, photo_features
from core.image_analysis.label_check import (
    LabelCheck,
    check,
    last_check,
    leave_key,
    open_doubts,
    run_label_check,
    start,
    state_file,
)
from core.image_analysis.picture_map import read_map
from core.image_sets.edit import editing
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.twins import leave, left_alone
from tests.helpers import assert_one_sentence, wait_until
from tests.own import class_files, encoded, own_dataset, staged

WRONG = 2  # pictures of each class that lie in the other


def photo(bright, seed, side=48):
    """A picture of noise on soft things: bright or dark on the left."""
    random = np.random.default_rng([bright, seed])
    pixels = np.asarray(
        Image.fromarray(random.uniform(60, 190, (5, 5)).astype(np.uint8)).resize((side, side)), dtype=float
    )
    pixels[:, : side // 2] += 60 if bright else -60
    return encoded(Image.fromarray((pixels + random.normal(0, 5, pixels.shape)).clip(0, 255).astype(np.uint8)))


@pytest.fixture
def dataset(tmp_path):
    """Thirty bright and thirty dark pictures, two of each in the wrong folder."""
    files = {}
    for number in range(30):
        wrong = " misplaced" if number < WRONG else ""
        files[f"{'dark' if wrong else 'bright'}/{number}{wrong}.png"] = photo(True, number)
        files[f"{'bright' if wrong else 'dark'}/{number}{wrong}.png"] = photo(False, number)
    return staged(tmp_path, files)[0]


@pytest.fixture
def quick(monkeypatch):
    """A stand-in for the network: brightness in a few places. Counts the pictures it sees."""
    seen = []

    def network(pictures):
        seen.append(len(pictures))
        grey = pictures.mean(axis=1)
        return grey[:, ::8, ::8].reshape(len(grey), -1).astype(np.float32)

    monkeypatch.setattr(photo_features, "photo_features", lambda _, pictures: network(pictures))
    return seen


def nothing(*_):
    pass


def misplaced(dataset):
    """Image numbers of the pictures in the wrong folder."""
    pictures = dataset.pictures(dataset.members().images)
    return {each.id for each in pictures if " " in each.name}


def test_pictures_in_the_wrong_class_are_found_with_the_right_one(dataset, quick):
    found = check(dataset, nothing)
    assert found.state == "ready" and found.looked_at == found.pictures == 60
    doubted = {doubt.image for doubt in found.doubts}
    assert misplaced(dataset) <= doubted and len(doubted) <= 6
    assert all(doubt.labelled != doubt.said and doubt.likely > 0.5 for doubt in found.doubts)


@pytest.mark.parametrize(("fine", "side"), [(20, 224), (19, 160)])
def test_of_few_photos_more_is_seen(tmp_path, monkeypatch, fine, side):
    files = {f"{name}/{n}.png": photo(name == "bright", n, 240) for name in ("bright", "dark") for n in range(10)}
    sides = set()

    def network(pictures):
        sides.add(pictures.shape[-1])
        return pictures.mean(axis=(2, 3)).astype(np.float32)

    monkeypatch.setattr(photo_features, "photo_features", lambda _, pictures: network(pictures))
    monkeypatch.setattr(label_features, "FINE", fine)
    check(staged(tmp_path, files)[0], nothing)
    assert sides == {side}


def test_features_are_made_once_for_a_picture(dataset, quick):
    check(dataset, nothing)
    assert sum(quick) == 60
    with editing(dataset, "moved") as edit:
        edit.move(list(misplaced(dataset))[:1], dataset.classes()[0].id)
    check(dataset, nothing)
    assert sum(quick) == 60


def test_what_people_settled_is_not_doubted_any_more(dataset, quick):
    found = check(dataset, nothing)
    first, second, third, *_ = found.doubts
    with editing(dataset, "settled") as edit:
        edit.move([first.image], first.said)
        edit.remove([second.image])
    leave(dataset, leave_key(third))
    settled = {first.image, second.image, third.image}
    still = open_doubts(dataset, found, left_alone(dataset))
    assert {doubt.image for doubt in still} == {doubt.image for doubt in found.doubts} - settled


def test_of_many_pictures_a_part_is_looked_at_and_that_is_said(dataset, quick, monkeypatch):
    monkeypatch.setattr(label_check, "MOST", 40)
    found = check(dataset, nothing)
    assert (found.looked_at, found.pictures) == (40, 60) and sum(quick) == 40


def test_when_the_time_is_over_the_rest_is_left_out(dataset, quick, monkeypatch):
    monkeypatch.setattr(label_features, "LONGEST", -1.0)
    monkeypatch.setattr(label_features, "BATCH", 20)
    assert check(dataset, nothing).looked_at == 20


def test_too_few_pictures_are_said_in_a_sentence(tmp_path, quick):
    dataset = staged(tmp_path, class_files({"dots": 6}))[0]
    found = run_label_check(dataset)
    assert read_map(dataset) is None
    assert found.state == "failed" and last_check(dataset) == found
    assert_one_sentence(found.message, "too few pictures")


def test_the_process_says_how_far_it_is_and_leaves_what_it_found(data_folder, tmp_path):
    dataset = own_dataset(data_folder, tmp_path, {"dots": 12, "rings": 12})
    assert last_check(dataset) == LabelCheck()
    start(dataset)
    assert last_check(dataset).state in ("working", "ready")
    wait_until(lambda: last_check(dataset).state != "working", 120)
    found = last_check(dataset)
    assert found.state == "ready" and found.version == 1 and found.looked_at == 24, found.message
    assert sorted(read_map(dataset).images) == sorted(dataset.members().images), "the map comes with it"


def test_a_process_that_died_is_seen(dataset):
    state_file(dataset).write_text(json.dumps({"state": "working", "phase": "Looking"}))
    assert last_check(dataset).state == "working", "nothing names its process yet"
    (dataset.folder / "label_check.pid").write_text(json.dumps({"pid": 2**22 + 1, "started": 1.0}))
    assert last_check(dataset).state == "failed"
    state_file(dataset).write_text("{half")
    assert last_check(dataset) == LabelCheck()


def test_where_nothing_can_be_written_it_says_so(dataset, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(label_check, "write_stored", full)
    with pytest.raises(OwnDataError, match="No space left on device"):
        start(dataset)
