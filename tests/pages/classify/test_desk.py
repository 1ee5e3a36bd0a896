"""Corrections are kept and added to the next training."""

from core.datasets.corrections import corrected_pictures
from tests.drawings import draw_digit
from tests.pages.apps import run
from tests.pages.apps import words as text_of
from tests.pages.classify.test_classify_page import drawing


def the_button(page, label):
    return next(button for button in page.button if button.label == label)


def the_truth(page):
    return next(box for box in page.selectbox if box.label == "What was it really?")


def test_a_correction_belongs_to_the_very_picture_it_was_asked_about(page, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path))
    first, second = draw_digit(0), draw_digit(0, slant=0.25)
    page.session_state["drawing"] = drawing(first)
    said = the_truth(run(page)).value
    the_truth(page).set_value((said + 1) % 10)
    stale = the_button(run(page), "Keep it for the next training")
    page.session_state["drawing"] = drawing(second)
    stale.click()
    assert "picture of yours" not in text_of(run(page)), "the button was of the picture before"
    assert the_truth(page).value == said, "what was chosen for another of the same answer does not stay"
    the_button(page, "Keep it for the next training").click()
    run(page)
    assert corrected_pictures(trained.config().dataset, tmp_path)[1].tolist() == [said]


def test_a_correction_is_kept_taken_back_and_added_to_the_next_training(page, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path))
    page.session_state["drawing"] = drawing(draw_digit(7))
    run(page)
    next(box for box in page.selectbox if box.label == "What was it really?").set_value(7)
    the_button(page, "Keep it for the next training").click()
    assert "1 picture of yours" in text_of(run(page))
    pictures, labels = corrected_pictures(trained.config().dataset, tmp_path)
    assert pictures.shape == (1, 1, 8, 8) and labels.tolist() == [7]
    page.button(key="forget drawing").click()
    assert (
        "picture of yours" not in text_of(run(page))
        and not corrected_pictures(trained.config().dataset, tmp_path)[1].size
    )
    the_button(page, "Keep it for the next training").click()
    run(page)
    page.button(key="train with own drawing").click()
    app = run(page)
    assert app.title[0].value == "Train a network"
    assert "My corrections" in text_of(app), "said beside the fold"
    assert app.session_state["form values"]["training.own_pictures"] == 20
