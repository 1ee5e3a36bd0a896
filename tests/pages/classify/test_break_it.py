"""Break it: a picture is disturbed until the answer falls."""

import dataclasses
import re

import pytest

from core.runs.store import find_run
from pages.components.shell.classifiers import loading
from tests.drawings import draw_digit
from tests.helpers import PATIENCE
from tests.pages.apps import open_app, press, run
from tests.pages.apps import words as text_of
from tests.pages.classify.test_classify_page import drawing, png, way
from tests.pages.trained import copied


@pytest.mark.parametrize("source", ["drawing", "upload"])
def test_break_it_at_neutral_gives_the_very_answer_above(page, trained, data_folder, monkeypatch, source):
    from core.inference.classifier import Classifier
    from core.inference.neighbours import Neighbours

    known = dataclasses.replace(Neighbours.of(Classifier.load(trained), data_folder), temperature=3.0)
    monkeypatch.setattr("pages.components.classify.networks.Network.known", known)
    page.session_state["closer look " + source] = "Break it"
    if source == "drawing":
        page.session_state["drawing"] = drawing(draw_digit(3))
    else:
        way(page, "Upload").file_uploader[0].upload("three.png", png(draw_digit(3)))
    text = text_of(run(page))
    answers = re.findall(r'<p class="answer.*?</p>', text)
    shares = re.findall(r'<ul class="bars.*?</ul>', text)
    assert len(answers) == len(shares) == 2
    assert answers[0] == answers[1] and shares[0] == shares[1]
    next(slider for slider in page.slider if slider.key == f"rotate {source}").set_value(90.0)
    assert len(set(re.findall(r'<ul class="bars.*?</ul>', text_of(run(page))))) == 2


def test_the_curve_of_a_disturbance_falls_from_the_undisturbed_accuracy(trained, data_folder):
    from core.runs.predictions import read_predictions
    from pages.components.classify.break_it import accuracy_against

    turned = accuracy_against(str(trained.folder), "", 1, "rotate")
    middle = len(turned) // 2
    assert turned[middle] == pytest.approx(read_predictions(trained, "test").right.mean())
    assert turned[0] < turned[middle] - 0.3 and turned[-1] < turned[middle] - 0.3


def test_a_curve_waits_for_test_pictures_that_are_being_read(trained, runs_folder, data):
    fresh = copied(trained, runs_folder)
    page = open_app("classify", run=fresh.id)
    page.session_state["closer look drawing"] = "Break it"
    page.session_state["drawing"] = drawing(draw_digit(3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pages.components.classify.networks.Network.begin", lambda _: False)
        patch.setattr("pages.components.classify.break_it.pictures_of", lambda *_: None)
        assert "Its test pictures are being read" in text_of(run(page))
    loading(fresh).known.result(PATIENCE)
    assert "Its test pictures are" not in text_of(run(page)), "that there were none is not remembered"


def test_training_to_cope_disturbs_the_training_pictures(trained):
    from core.images.disturb import DISTURBANCES
    from pages.components.classify.break_it import coping

    for one in DISTURBANCES.values():
        if one.remedy:
            assert getattr(coping(trained.config(), one).augmentation, one.remedy[0]) > 0


def test_the_button_below_the_curve_trains_with_pictures_disturbed_in_that_way(trained, runs_folder, launched):
    copied(trained, runs_folder)
    page = open_app("classify")
    page.session_state["closer look drawing"] = "Break it"
    page.session_state["drawing"] = drawing(draw_digit(3))
    which = next(each for each in run(page).selectbox if each.label.startswith("What that does"))
    which.select("Shift")
    press(run(page), "cope shift")
    (started,) = launched
    found = find_run(started, runs_folder).config()
    assert found.augmentation.shift > 0 == trained.config().augmentation.shift
    assert found.dataset == trained.config().dataset
