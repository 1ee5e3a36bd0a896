"""Classify: drawings and uploads, good ones and others."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from core.errors import ImageError
from core.runs.store import create_run
from core.worker import work
from pages.components.answer import bars, words
from pages.components.canvas import LONGEST, PREFIX, decoded
from tests.drawings import draw_digit
from tests.helpers import quick_config
from tests.pages.apps import open_app, run, sentence
from tests.pages.apps import words as text_of
from tests.pages.fake_runs import fake_run


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_folder):
    """A run that has learned the digits well enough to try."""
    folder = tmp_path_factory.mktemp("trained")
    run = create_run(quick_config(epochs=4, title="Small one", architecture={"name": "mlp", "hidden": [64]}), folder)
    assert work(run, data_folder)["event"] == "finished"
    return run


@pytest.fixture
def page(trained, monkeypatch):
    monkeypatch.setenv("TRAINDESK_RUNS", str(trained.folder.parent))
    return open_app("classify")


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def drawing(image):
    return {"picture": PREFIX + base64.b64encode(png(image)).decode()}


def test_an_empty_canvas_is_an_invitation_and_no_prediction(page):
    assert "Draw a digit" in text_of(page)
    assert 'class="bars' not in text_of(page)


def test_a_drawing_is_answered_with_every_class_and_the_pixels(page):
    page.session_state["drawing"] = drawing(draw_digit(0))
    text = text_of(run(page))
    assert "<b>0</b>" in text
    assert text.count("<li") == 10
    assert "What the network sees, 8 x 8" in text


def test_a_blank_drawing_is_an_invitation(page):
    page.session_state["drawing"] = drawing(Image.new("L", (280, 280), 255))
    assert "Draw a digit" in text_of(run(page))


def test_a_forged_drawing_is_one_sentence_and_the_page_stays(page):
    page.session_state["drawing"] = {"picture": PREFIX + base64.b64encode(b"nonsense").decode()}
    run(page)
    assert "not an image" in sentence(page.error[0])
    assert page.file_uploader


def test_a_huge_drawing_is_refused_without_reading_it():
    noise = np.random.default_rng(0).integers(0, 256, (600, 600), dtype=np.uint8)
    huge = drawing(Image.fromarray(noise))["picture"]
    assert len(huge) > LONGEST
    with pytest.raises(ImageError, match="did not arrive as a picture"):
        decoded(huge)


@pytest.mark.parametrize(
    "picture",
    [7, "", "data:image/svg+xml;base64,AAAA", PREFIX + "not base64!", PREFIX, PREFIX + "AAAA"],
)
def test_what_is_not_a_drawing_is_refused(picture):
    with pytest.raises(ImageError):
        decoded(picture)


def test_good_and_bad_uploads_together_each_have_their_answer(page):
    page.file_uploader[0].upload("three.png", png(draw_digit(3)))
    page.file_uploader[0].upload("broken.png", b"\x89PNG not at all")
    page.file_uploader[0].upload("zero.png", png(draw_digit(0)))
    run(page)
    text = text_of(page)
    assert len(page.error) == 1
    assert "broken.png" in sentence(page.error[0])
    assert "three.png" in text and "zero.png" in text
    assert text.count('class="answer') == 2


def test_a_damaged_checkpoint_is_one_sentence(runs_folder):
    run = fake_run(runs_folder, "finished")
    run.best.write_bytes(b"damaged")
    app = open_app("classify", run=run.id)
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


def test_a_link_to_a_run_without_checkpoint_says_so(trained, runs_folder):
    from shutil import copytree

    copytree(trained.folder, runs_folder / "good")
    app = open_app("classify", run=fake_run(runs_folder, "failed").id)
    assert "has no checkpoint" in sentence(app.warning[0])
    assert app.selectbox[0].value == "good"


def test_photos_are_uploaded_not_drawn(runs_folder, monkeypatch):
    from pages.components import upload

    class Photos:
        class config:
            class dataset:
                drawable, input_hint = False, "a photo of a cat"

        checkpoint, epoch, class_names = "best", 1, ("cat", "dog")

    run = fake_run(runs_folder, "finished")
    run.best.write_bytes(b"not read")
    monkeypatch.setattr("pages.components.classifiers.load_classifier", lambda run: Photos)
    app = open_app("classify")
    assert not app.tabs
    assert "a photo of a cat" in app.file_uploader[0].label
    assert upload.KINDS


def test_the_words_say_how_sure_the_network_is():
    names = ("cat", "dog", "horse")
    assert "This is <b>dog</b>, 90.0 % sure." in words(np.array([0.05, 0.9, 0.05]), names)
    assert "Probably <b>dog</b>" in words(np.array([0.3, 0.6, 0.1]), names)
    assert "Not sure: perhaps <b>cat</b>" in words(np.array([0.4, 0.35, 0.25]), names)


def test_bars_keep_the_order_of_the_classes_and_escape_their_names():
    html = bars(np.array([0.2, 0.7, 0.1]), ("<b>", "dog", "horse"))
    assert html.index("&lt;b&gt;") < html.index("dog") < html.index("horse")
    assert html.count("class=winner") == 1
    assert "70.0 %" in html
