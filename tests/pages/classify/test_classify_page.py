"""Classify: what is drawn is answered; links, several networks, test pictures, and what it does not know."""

import base64
import io
import shutil
from urllib.parse import parse_qsl

import pytest
from PIL import Image, ImageDraw

from core.runs.store import create_run
from pages.components.classify import run_choice
from pages.components.classify.browser import PREFIX
from pages.components.classify.desk import JOINED, LEFT_OUT
from pages.components.classify.ways import TOO_LITTLE
from pages.components.shell.classifiers import Loading, loading
from tests.doodles import draw_doodle
from tests.drawings import draw_digit
from tests.helpers import PATIENCE, quick_config
from tests.pages.apps import go, open_app, run, sentence, widget
from tests.pages.apps import words as text_of
from tests.pages.fake_runs import fake_run
from tests.pages.trained import copied


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def drawing(image):
    return {"picture": PREFIX + base64.b64encode(png(image)).decode()}


def way(page, name):
    """The page with another way of bringing a picture."""
    page.session_state["how"] = name
    return run(page)


def test_an_empty_canvas_is_an_invitation_and_no_prediction(page):
    assert "Draw a digit" in text_of(page)
    assert text_of(page).count("<li") == 10, "the places of the answer are there"
    assert "winner" not in text_of(page).replace(".winner", "") and "Probability" not in text_of(page)


def test_the_canvas_comes_before_the_network_is_loaded(trained, monkeypatch):
    monkeypatch.setenv("TRAINDESK_RUNS", str(trained.folder.parent))
    begun = []
    monkeypatch.setattr("pages.components.shell.classifiers._loading", lambda *which: begun.append(which) or Loading())
    assert "Draw a digit" in text_of(open_app("classify"))
    assert not begun


def test_a_drawing_is_answered_with_every_class_and_the_pixels(page):
    page.session_state["drawing"] = drawing(draw_digit(0))
    text = text_of(run(page))
    assert "<b>0</b>" in text
    assert text.count("<li") == 10
    assert "What the network sees, 8 x 8" in text


def test_the_last_network_and_that_of_an_epoch_answer_by_choice_and_by_address(trained, page):
    def shares(app):
        return text_of(app).partition('class="bars')[2]

    for which in ("", "1", "3", "4", "last"):
        loading(trained, which).known.result(PATIENCE)  # what it learned from, which makes its confidence honest
    page.session_state["drawing"] = drawing(draw_digit(0))
    best, key = shares(run(page)), f"network of {trained.id}"
    box = page.selectbox(key=key)
    assert box.value == "best" and [each.partition(",")[0] for each in box.options] == [
        "Best: epoch 3",
        "Last: epoch 4",
        *(f"Epoch {epoch}" for epoch in (1, 2, 3, 4)),
    ]
    first = shares(box.select("1").run())
    assert first != best
    linked = open_app("classify", run=trained.id, network="1")
    linked.session_state["drawing"] = drawing(draw_digit(0))
    assert linked.selectbox(key=key).value == "1" and shares(run(linked)) == first
    assert open_app("classify", run=trained.id, network="9").selectbox(key=key).value == "best"
    assert shares(page.selectbox(key=key).select("last").run()) == shares(page.selectbox(key=key).select("4").run())
    assert shares(page.selectbox(key=key).select("3").run()) == best


def test_a_blank_drawing_is_an_invitation(page):
    page.session_state["drawing"] = drawing(Image.new("L", (280, 280), 255))
    assert "Draw a digit" in text_of(run(page))


def test_a_forged_drawing_is_one_sentence_and_the_page_stays(page):
    page.session_state["drawing"] = {"picture": PREFIX + base64.b64encode(b"nonsense").decode()}
    run(page)
    assert "not an image" in sentence(page.error[0])
    assert "Draw a digit" in text_of(page)


def test_a_damaged_checkpoint_is_one_sentence(runs_folder):
    run_ = fake_run(runs_folder, "finished")
    run_.best.write_bytes(b"damaged")
    app = open_app("classify", run=run_.id)
    app.session_state["drawing"] = drawing(draw_digit(0))
    run(app)
    assert len(app.error) == 1
    assert "Traceback" not in sentence(app.error[0])


def test_a_link_names_the_run(trained, runs_folder, monkeypatch):
    from shutil import copytree

    for name in ("first", "second"):
        copytree(trained.folder, runs_folder / name)
    app = open_app("classify", run="first")
    assert app.selectbox[0].value == "first"
    app = open_app("classify", run="second")
    assert app.selectbox[0].value == "second"
    app.selectbox[0].set_value("first")
    assert run(app).selectbox[0].value == "first", "the link does not win over the visitor"


def test_without_a_pointer_home_leads_to_upload_and_the_way_that_was_chosen_is_kept(trained, runs_folder, monkeypatch):
    monkeypatch.setattr(run_choice, "GOOD", 0.0)
    shutil.copytree(trained.folder, runs_folder / "digits")
    app = open_app("classify")
    assert widget(app, "how").value == "Draw"
    home = run(go(app, ""))
    link = next(each.proto for each in home.get("page_link") if each.proto.label.endswith("Upload"))
    go(app, "classify")
    app.query_params.update(parse_qsl(link.query_string))
    assert widget(run(app), "how").value == "Upload" and len(app.file_uploader) == 1
    widget(app, "how").set_value("Test")
    assert widget(run(app), "how").value == "Test" and app.query_params["how"] == "Test"
    run(go(app, ""))
    app.query_params.clear()
    assert widget(run(go(app, "classify")), "how").value == "Test", "by the menu"
    widget(app, "how").set_value("Draw")
    assert widget(run(app), "how").value == "Draw" and "how" not in app.query_params


def test_a_link_to_a_run_without_checkpoint_says_so(trained, runs_folder):
    from shutil import copytree

    copytree(trained.folder, runs_folder / "good")
    app = open_app("classify", run=fake_run(runs_folder, "failed").id)
    assert "has no checkpoint" in sentence(app.warning[0])
    assert app.selectbox[0].value == "good"


def test_photos_are_uploaded_not_drawn(runs_folder):
    config = quick_config(dataset="cifar10", architecture="cifar_cnn")
    run_ = create_run(config, runs_folder)
    run_.best.write_bytes(b"not read")
    app = open_app("classify", run=run_.id)
    ways = next(group for group in app.button_group if group.key == "how")
    assert list(ways.options) == ["Upload", "Photo", "Test"]
    assert "a photo" in app.file_uploader[0].label


def test_several_networks_answer_the_same_picture_side_by_side(trained, runs_folder):
    for name in ("first", "second"):
        shutil.copytree(trained.folder, runs_folder / name)
    app = open_app("classify", run="first")
    app.multiselect[0].set_value(["second"])
    app.session_state["drawing"] = drawing(draw_digit(0))
    text = text_of(run(app))
    assert text.count('class="answer') == 2 and text.count("<figcaption>What the network sees, 8 x 8") == 2


def test_a_test_picture_comes_with_its_true_class_and_one_that_is_wrong_is_wrong(page):
    way(page, "Test")
    wrong = next(button for button in page.button if button.label == "One that it gets wrong")
    wrong.click()
    text = text_of(run(page))
    assert "Wrong: it is" in text and "✓ Right" not in text
    next(button for button in page.button if button.label == "A random test picture").click()
    assert "it is <b>" in text_of(run(page))


def test_test_pictures_that_come_with_the_program_are_read_where_nothing_was_trained(
    trained, runs_folder, data, monkeypatch
):
    fresh = copied(trained, runs_folder)
    with monkeypatch.context() as patch:
        patch.setattr("pages.components.shell.classifiers._loading", lambda *which: Loading())
        app = open_app("classify", run=fresh.id, how="Test")
        assert "Its test pictures are being read" in text_of(app) and "not on this computer" not in text_of(app)
    loading(fresh).known.result(PATIENCE)
    widget(run(app), "random test picture").click()
    assert "it is <b>" in text_of(run(app))


def test_what_it_has_never_seen_the_like_of_it_says_it_does_not_know(page, trained, data_folder, monkeypatch):
    from core.inference.classifier import Classifier
    from core.inference.neighbours import Neighbours

    known = Neighbours.of(Classifier.load(trained), data_folder)
    monkeypatch.setattr("pages.components.classify.networks.Network.known", known)
    page.session_state["drawing"] = drawing(draw_doodle("grid", 1))
    text = text_of(run(page))
    assert "I don't know this" in text and 'class="bars unknown' in text
    page.session_state["answered"] = 1.0
    page.session_state["drawing"] = drawing(draw_digit(0))
    assert "I don't know this" not in text_of(run(page)) and 'class="bars unknown' not in text_of(page)


def test_two_figures_are_said(page):
    two = Image.new("L", (280, 280), 255)
    for place in (0, 160):
        two.paste(draw_digit(3).convert("L").resize((120, 120)), (place, 80))
    page.session_state["drawing"] = drawing(two)
    assert LEFT_OUT in text_of(run(page)) or JOINED in text_of(page)
    page.session_state["drawing"] = drawing(draw_digit(3))
    assert LEFT_OUT not in text_of(run(page)) and JOINED not in text_of(page)


@pytest.mark.parametrize("pen", [8, 20, 36])
def test_a_blot_is_not_answered_but_told_to_be_larger(page, pen):
    blot = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(blot).ellipse((140, 140, 140 + pen, 140 + pen), fill=0)
    page.session_state["drawing"] = drawing(blot)
    text = text_of(run(page))
    assert TOO_LITTLE in text and 'class="answer' not in text and "Probability" not in text
    page.session_state["drawing"] = drawing(draw_digit(1, fill=0.3, pen=pen))
    assert TOO_LITTLE not in text_of(run(page)) and 'class="answer' in text_of(page), "small, but a figure"
