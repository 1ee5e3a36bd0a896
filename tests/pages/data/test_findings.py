"""The Check part of a dataset: one verdict, twins and doubted labels, each settled by its buttons."""

import json
from dataclasses import asdict

import pytest

from core.image_analysis.label_check import Doubt, LabelCheck, state_file
from core.image_sets.folders import accept
from tests.core.image_sets.test_near_duplicates import jpeg, scene
from tests.own import class_files, encoded, own_dataset, picture, staged
from tests.pages.apps import open_app, run, sentence, widget, words

pytestmark = pytest.mark.usefixtures("data", "runs_folder")
GOOD = "A network can learn from these pictures."


def checked(dataset):
    """The dataset's page with the Check part open."""
    app = open_app("data", set=dataset.id)
    app.session_state[f"part of {dataset.id}"] = "Check"
    return run(app)


def press(app, key):
    widget(app, key).click()
    return run(app)


def test_good_pictures_get_the_one_green_tick(data, tmp_path):
    text = words(checked(own_dataset(data, tmp_path, {"dots": 30, "rings": 30})))
    assert GOOD in text and ":green[" in text and ":orange[" not in text


def test_where_no_training_can_start_there_is_no_tick(data, tmp_path):
    text = words(checked(own_dataset(data, tmp_path, {"dots": 30})))
    assert "No training can start on these pictures yet" in text and GOOD not in text
    assert ":green[:material/check_circle:] A network" not in text and ":red[:material/block:]" in text


def test_what_stands_in_the_way_is_said_once(data, tmp_path):
    files = class_files({"dots": 4, "rings": 4}, before="test/", first=50)
    for name in ("dots", "rings"):
        files |= {
            f"train/{name}/{number}.jpg": encoded(picture(name, 5, (96, 80)), "JPEG", quality=70 + number)
            for number in range(12)
        }
    dataset = accept(staged(tmp_path, files)[0], "Bursts", data)
    told = "No picture is left for validation"
    assert words(open_app("data", set=dataset.id)).count(told) == 1
    text = words(checked(dataset))
    assert text.count(told) == 1 and "what stands in the way is said above" in text


def test_near_copies_with_different_labels_are_settled_pair_by_pair(data, tmp_path):
    files = class_files({"dots": 20, "rings": 20}, size=(48, 48))
    for number in range(3):
        files[f"dots/scene {number}.png"] = encoded(scene(number, (60, 60)))
        files[f"rings/scene {number}.jpg"] = encoded(jpeg(scene(number, (60, 60))), "JPEG", quality=80)
    dataset = accept(staged(tmp_path, files)[0], "Patterns", data)
    app = checked(dataset)
    assert "3 pairs of pictures look nearly the same" in words(app) and GOOD not in words(app)
    press(app, f"way 0 1 near labels {dataset.id}")
    assert "2 pairs of pictures look nearly the same" in words(app)
    assert {each.name: each.images for each in dataset.classes()} == {"dots": 22, "rings": 24}
    press(app, f"leave 0 near labels {dataset.id}")
    assert "1 pair of pictures looks nearly the same" in words(app)
    press(app, f"repair near labels {dataset.id}")
    assert "nearly the same" not in words(app)
    assert {each.name: each.images for each in dataset.classes()} == {"dots": 21, "rings": 23}


def test_pictures_of_one_long_size_show_what_each_way_leaves(data, tmp_path):
    files = class_files({"dots": 20, "rings": 20}, size=(120, 30))
    dataset = accept(staged(tmp_path, files)[0], "Long", data)
    app = checked(dataset)
    text = words(app)
    assert "All measure 120 x 30 pixels" in text and "leaves out 75.0" in text
    for way in ("as it is", "Cut out the middle", "Add edges", "Squeeze"):
        assert f"<figcaption>{way}</figcaption>" in text
    widget(app, f"choice fit {dataset.id}").set_value("pad")
    run(app)
    assert dataset.about("fit") == "pad"


def test_each_doubted_label_is_moved_left_or_removed(data, tmp_path):
    dataset = own_dataset(data, tmp_path, {"dots": 20, "rings": 20})
    members = dataset.members()
    first, second = (each.id for each in dataset.classes())
    doubted = [Doubt(int(image), int(members.classes[0]), second, 0.875) for image in members.images[:3]]
    found = LabelCheck("ready", version=1, pictures=5000, looked_at=40, doubts=tuple(doubted))
    state_file(dataset).write_text(json.dumps(asdict(found)))
    app = checked(dataset)
    assert "Looked at 40 of 5,000 pictures of version 1: 3 labels may be wrong" in words(app)
    assert "Labelled **dots**, looks like **rings** (87.5 %)" in words(app)
    press(app, f"doubt is {doubted[0].image}")
    assert "2 labels may be wrong" in words(app)
    press(app, f"doubt stays {doubted[1].image}")
    press(app, f"doubt goes {doubted[2].image}")
    assert "no label is in doubt any more" in words(app)
    counts = {each.name: each.images for each in dataset.classes()}
    assert counts == {"dots": 18, "rings": 21} and dataset.newest() == 3
    assert not any(doubt.image in dataset.page(first, 0, 100) for doubt in (doubted[0], doubted[2]))


def test_a_look_that_failed_says_why_and_can_be_begun_again(data, tmp_path):
    dataset = own_dataset(data, tmp_path)
    state_file(dataset).write_text(json.dumps(asdict(LabelCheck("failed", message="The weights are missing."))))
    app = checked(dataset)
    assert [sentence(each) for each in app.error] == ["The weights are missing."]
    assert widget(app, "look for wrong labels").label == "Look for wrong labels"
