"""What a training will do with its pictures is told in the form and on the Data page, and buttons mend it."""

import pytest

from core.image_sets.folders import accept
from core.runs.store import list_runs
from tests.own import class_files, own_dataset, staged
from tests.pages.apps import go, open_app, run, widget, words


def press(app, key):
    widget(app, key).click()
    return run(app)


@pytest.fixture
def lopsided(data, tmp_path):
    """Validation pictures of one class alone."""
    files = class_files({"dots": 24, "rings": 24}, "train/") | class_files({"dots": 4}, "val/", 50)
    files |= class_files({"dots": 5, "rings": 5}, "test/", 80)
    return accept(staged(tmp_path, files)[0], "Lopsided", data)


def test_the_form_tells_what_stops_a_training_and_its_button_mends_it(runs_folder, data, lopsided, launched):
    app = open_app("data", set=lopsided.id)
    assert "A training has 48 training, 4 validation and 10 test pictures." in words(app)
    assert "All 4 validation pictures are of 'dots'" in words(app)
    press(app, "train on them")
    run(go(app, "train"))
    assert widget(app, "start").disabled and words(app).count("All 4 validation pictures are of 'dots'") == 1
    press(app, f"mend 0 validation {lopsided.id}")
    assert lopsided.newest() == 2 and widget(app, "form:dataset.own_images.version").value == 2
    assert not widget(app, "start").disabled and "validation pictures are of" not in words(app)
    press(app, "start")
    [started] = list_runs(runs_folder)
    assert started.config().dataset.version == 2


def test_a_batch_larger_than_the_training_pictures_left_is_refused_at_its_field(runs_folder, data, tmp_path):
    dataset = own_dataset(data, tmp_path, {"dots": 30, "rings": 30})
    app = open_app("data", set=dataset.id)
    press(app, "train on them")
    run(go(app, "train"))
    widget(app, "form:training.batch_size").set_value(47)
    run(app)
    assert "has 44 training images after the validation share; choose at most 44." in words(app)
    assert "44 training, 4 validation and 12 test pictures" in words(app) and widget(app, "start").disabled
    widget(app, "form:training.batch_size").set_value(44)
    assert not widget(run(app), "start").disabled
    widget(app, "sweep settings").set_value(["training.batch_size"])
    run(app)
    widget(app, "sweep training.batch_size").set_value("40, 44, 47")
    text = words(run(app))
    assert "Creates **2 runs**" in text and "1 combination left out: Batch size 47" in text
    assert "choose at most 44" in text and widget(app, "start").label == "Start 2 runs"


def test_pictures_of_each_class_are_shown_as_a_training_will_have_them(runs_folder, data, tmp_path):
    dataset = own_dataset(data, tmp_path, {"dots": 30, "rings": 60})
    app = open_app("data", set=dataset.id)
    press(app, "train on them")
    text = words(run(go(app, "train")))
    assert "65 training, 7 validation and 18 test pictures" in text
    assert '<th scope="row">rings</th><td>43</td><td>5</td><td>12</td>' in text


def test_a_built_in_set_says_its_pictures_in_one_line(runs_folder, data):
    text = words(open_app("train", recipe="digits"))
    assert "54,001 training, 5,999 validation and 10,000 test pictures" in text and '<th scope="row">1</th>' not in text


def test_bring_more_pictures_opens_the_way_to_add_some(runs_folder, data, lopsided):
    app = open_app("data", set=lopsided.id)
    press(app, f"bring for validation {lopsided.id}")
    assert "Add pictures" in str(app.session_state[f"part of {lopsided.id}"])


@pytest.mark.parametrize("path, value", [("augmentation.flip", True), ("training.views", "moved")])
def test_digits_that_are_mirrored_are_warned_of(runs_folder, path, value):
    app = open_app("train", recipe="digits")
    assert "in a mirror a digit is another one or none" not in words(app)
    widget(app, f"form:{path}").set_value(value)
    run(app)
    assert "in a mirror a digit is another one or none; switch it off" in words(app)
    assert "in a mirror" not in words(open_app("train", recipe="cifar_94")), "photos have mirror images"
