"""Classify: drawings and uploads, good ones and others.

Longer than others, because all its parts share one trained network.
"""

import base64
import dataclasses
import io
import json
import re
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.datasets.corrections import corrected_pictures
from core.errors import ImageError
from core.runs.store import create_run
from core.workers.worker import work
from pages.components.classify.canvas import LONGEST, PREFIX, decoded
from pages.components.classify.desk import JOINED, LEFT_OUT
from pages.components.classify.draw import TOO_LITTLE
from pages.components.classify.prediction_view import Said, bars, words, words_in_a_line
from pages.components.shell.classifiers import Loading
from tests.doodles import draw_doodle
from tests.drawings import draw_digit
from tests.helpers import quick_config
from tests.pages.apps import nodes, open_app, run, sentence, widget
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


def way(page, name):
    """The page with another way of bringing a picture."""
    page.session_state["how"] = name
    return run(page)


def tiles(page):
    """What the tiles of the uploads show."""
    found = [node.proto for node in nodes(page._tree) if getattr(node, "type", "") == "bidi_component"]
    return json.loads(next(proto.json for proto in found if proto.component_name == "tiles"))["tiles"]


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


def test_a_blank_drawing_is_an_invitation(page):
    page.session_state["drawing"] = drawing(Image.new("L", (280, 280), 255))
    assert "Draw a digit" in text_of(run(page))


def test_a_forged_drawing_is_one_sentence_and_the_page_stays(page):
    page.session_state["drawing"] = {"picture": PREFIX + base64.b64encode(b"nonsense").decode()}
    run(page)
    assert "not an image" in sentence(page.error[0])
    assert "Draw a digit" in text_of(page)


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
    way(page, "Upload")
    page.file_uploader[0].upload("three.png", png(draw_digit(3)))
    page.file_uploader[0].upload("broken.png", b"\x89PNG not at all")
    page.file_uploader[0].upload("zero.png", png(draw_digit(0)))
    run(page)
    assert len(page.error) == 1 and "broken.png" in sentence(page.error[0])
    assert [tile["name"] for tile in tiles(page)] == ["three.png", "zero.png"]
    assert tiles(page)[1]["said"].startswith("0")
    assert text_of(page).count('class="answer') == 1, "all about the first one"


def test_one_picture_among_what_cannot_be_read_is_shown_with_its_answer_and_no_grid(page):
    way(page, "Upload")
    page.file_uploader[0].upload("broken.png", b"\x89PNG not at all")
    page.file_uploader[0].upload('<"0">.png', png(draw_digit(0)))
    run(page)
    text = text_of(page)
    assert len(page.error) == 1 and text.count('class="answer') == 1
    assert any('alt="&lt;&quot;0&quot;&gt;.png"' in frame.proto.body for frame in page.get("html"))
    assert "answered." not in text
    with pytest.raises(StopIteration):
        tiles(page)


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


def test_the_words_say_how_sure_the_network_is():
    names = ("cat", "dog", "horse")
    of = lambda *shares, **kind: words(Said(np.array(shares), **kind), names)  # noqa: E731
    assert "This is <b>dog</b>, 90.0\u202f% sure." in of(0.05, 0.9, 0.05)
    assert "Probably <b>dog</b>" in of(0.3, 0.6, 0.1)
    assert "Not sure: perhaps <b>cat</b>" in of(0.4, 0.35, 0.25)
    assert "I don't know this" in of(0.05, 0.9, 0.05, is_unknown=True) and "90" not in of(
        0.05, 0.9, 0.05, is_unknown=True
    )
    line = words_in_a_line(Said(np.array([0.05, 0.9, 0.05])), names)
    assert line.index("dog") < line.index("cat") < line.index("horse")
    for kind in ({}, {"is_unknown": True}):
        line = words_in_a_line(Said(np.array([0.05, 0.9, 0.05]), **kind), names, "A <CNN>")
        assert "A &lt;CNN&gt;" in line and "horse" not in line, "who says it, on a phone"


def test_bars_keep_the_order_of_the_classes_and_escape_their_names():
    html = bars(Said(np.array([0.2, 0.7, 0.1])), ("<b>", "dog", "horse"))
    assert html.index("&lt;b&gt;") < html.index("dog") < html.index("horse")
    assert html.count('class="winner"') == 1
    assert "70.0\u202f%" in html


def test_of_many_classes_the_likeliest_have_bars():
    names = tuple(f"kind {number}" for number in range(100))
    html = bars(Said(np.arange(100) / 4950), names)
    assert html.index("kind 99<") < html.index("kind 98<") and "kind 89<" not in html and "and 90 more" in html


def test_of_an_answer_the_room_sees_the_five_likeliest_classes():
    html = bars(Said(np.array([0.01, 0.3, 0.02, 0.4, 0.05, 0.2, 0.02])), tuple("abcdefg"))
    rows = re.findall(r'<li(?: class="([\w ]+)")? style="--rank:(\d)"><span class="name">(\w)', html)
    assert [(name, int(rank)) for _, rank, name in sorted(rows, key=lambda row: int(row[1]))] == [
        *zip("dbfecga", range(7), strict=True)
    ]
    assert {name for kind, _, name in rows if "rest" in kind} == {"g", "a"}


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_a_zip_of_many_pictures_becomes_tiles_and_a_csv_and_what_cannot_be_read_is_named(page, trained):
    files = {f"digits/{digit}.png": png(draw_digit(digit)) for digit in range(10)}
    files |= {"digits/broken.png": b"no", "__MACOSX/digits/._0.png": b"no", "notes.txt": b"hello"}
    way(page, "Upload").file_uploader[0].upload("digits.zip", zipped(files))
    run(page)
    assert "10 pictures answered" in text_of(page)
    shown = tiles(page)
    assert [tile["name"] for tile in shown] == [f"digits/{digit}.png" for digit in range(10)]
    assert sum(tile["said"][0] == str(digit) for digit, tile in enumerate(shown)) >= 7
    assert len(page.error) == 1 and "broken.png" in sentence(page.error[0])
    widget(page, "least sure").set_value(True)
    assert {tile["name"] for tile in tiles(run(page))} == {tile["name"] for tile in shown}
    assert tiles(page) != shown


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"PK nonsense", "no ZIP that can be read"), (zipped({"notes.txt": b"x"}), "no pictures in 'many.zip'")],
)
def test_a_zip_that_is_none_or_holds_nothing_is_one_sentence(page, data, said):
    way(page, "Upload").file_uploader[0].upload("many.zip", data)
    run(page)
    assert said in sentence(page.error[0])


def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(page, monkeypatch):
    monkeypatch.setattr("pages.components.classify.upload_read.MOST_BYTES", 1000)
    way(page, "Upload").file_uploader[0].upload("bomb.zip", zipped({"0.png": b"0" * 2000}))
    run(page)
    assert "unpacks to more than" in sentence(page.error[0])


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


def test_the_parts_that_explain_compute_only_when_they_are_opened(page):
    page.session_state["drawing"] = drawing(draw_digit(0))
    with pytest.MonkeyPatch.context() as patch:  # of its own: the page's keeps the folder of the runs
        patch.setattr("pages.components.classify.insight._draw_steps", lambda *_: pytest.fail("not opened"))
        run(page)
    closer = next(group for group in page.button_group if group.key == "closer look drawing")
    assert list(closer.options) == ["What it sees", "Where it looked", "Its layers", "Similar pictures", "Break it"]
    page.session_state["closer look drawing"] = "What it sees"
    assert "ink found" in text_of(run(page))
    page.session_state["drawing"] = {"picture": None}
    assert "as soon as there is a picture" in text_of(run(page)), "what is open stays open"


@pytest.mark.parametrize("part", ["steps", "where", "layers", "similar"])
def test_every_part_that_explains_draws(part, trained, data_folder, runs_folder):
    """On the page they are opened by a click, which the harness does not have."""
    import streamlit as st

    from core.inference.classifier import Classifier
    from pages.components.classify import insight
    from pages.components.classify.networks import Network

    network = Network(trained, "x")
    image = draw_digit(3)
    pixels = network.prepare(image)
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(st, "html", said.append)
        patch.setattr(st, "markdown", said.append)
        if part == "steps":
            insight._draw_steps(network, pixels, image)
            assert said[0].count("<figure") == 5 and "ink found" in said[0] and "what the network receives" in said[0]
        elif part == "where":
            insight._draw_where(network, pixels)
            assert "Where it looked for" in said[0]
        elif part == "layers":
            insight._draw_layers(network, pixels)
            assert "**64 neurons**" in said and "**10 answers**" in said
        else:
            from core.inference.neighbours import Neighbours

            patch.setattr(Network, "known", Neighbours.of(Classifier.load(trained), data_folder))
            insight._draw_similar(network, pixels)
            assert said[0].count("<figure") == 8


def test_the_curve_of_a_disturbance_falls_from_the_undisturbed_accuracy(trained, data_folder):
    from core.runs.predictions import read_predictions
    from pages.components.classify.break_it import accuracy_against

    turned = accuracy_against(str(trained.folder), 1, "rotate")
    middle = len(turned) // 2
    assert turned[middle] == pytest.approx(read_predictions(trained, "test").right.mean())
    assert turned[0] < turned[middle] - 0.3 and turned[-1] < turned[middle] - 0.3


def test_training_to_cope_disturbs_the_training_pictures(trained):
    from core.images.disturb import DISTURBANCES
    from pages.components.classify.break_it import coping

    for one in DISTURBANCES.values():
        if one.remedy:
            assert getattr(coping(trained.config(), one).augmentation, one.remedy[0]) > 0


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
    assert next(field for field in app.number_input if field.key == "form:training.own_pictures").value == 20


def test_networks_of_different_classes_explain_themselves():
    from types import SimpleNamespace

    from pages.components.classify import networks

    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks.st, "markdown", said.append)
        of = lambda title, *names: SimpleNamespace(title=title, class_names=names)  # noqa: E731
        networks.say_different([of("One", "0", "1"), of("Other", "0", "1")])
        assert not said
        networks.say_different([of("One", "0", "1"), of("Other", "cat", "dog")])
    assert "**One** knows 0, 1; **Other** knows cat, dog" in said[0]


def test_a_pasted_picture_is_answered_and_a_forged_one_is_one_sentence(page):
    way(page, "Upload")
    page.session_state["pasted"] = drawing(draw_digit(0))
    assert "pasted" in text_of(run(page)) and "<b>0</b>" in text_of(page)
    page.session_state["pasted"] = {"picture": PREFIX + base64.b64encode(b"nonsense").decode()}
    run(page)
    assert "not an image" in sentence(page.error[0])
