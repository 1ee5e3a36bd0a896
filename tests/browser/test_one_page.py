"""The page in one file, opened from a disk with the network off: it answers as TrainDesk does, and asks nobody anything."""

import base64
import contextlib
import html
import io
import json
import math
import re

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from core.architectures import ARCHITECTURES
from core.export.page import page as making
from core.export.page.familiar import Familiar
from core.export.page.graph import graph_of
from core.export.page.packing import Unpacked
from core.export.page.page import write_page
from core.inference.classifier import Classifier
from core.inference.neighbours import tempered
from core.training.views import VIEWS, with_views
from pages.components.classify.prediction_view import Said, words
from tests.browser.hands import PASTE, barriers, draw_with_mouse
from tests.core.export.page.test_graph import settings, unsettled
from tests.doodles import draw_doodle
from tests.drawings import draw_digit
from tests.helpers import PATIENCE
from tests.pages.trained import train

pytestmark = pytest.mark.browser
OWN = 12  # pictures that a page tries itself with

PIXELS = """() => { const canvas = document.getElementById("pixels");
    return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 0); }"""
SCORES = """async (pictures) => {
    const page = await Network.unpacked(document.getElementById("network").textContent), found = [];
    const network = Network.build(page), familiar = Familiar.build(page), [height, width, channels] = page.words.network.size;
    for (const each of pictures) {
        const pixels = Uint8Array.from(each), { features } = await Network.answer(network, pixels);
        found.push(Familiar.score(familiar, features, { pixels, height, width, channels }));
    }
    return found;
}"""
OF_FEATURES = """async (rows) => {
    const familiar = Familiar.build(await Network.unpacked(document.getElementById("network").textContent));
    const empty = { pixels: new Uint8Array(1024), height: 32, width: 32, channels: 1 };
    return rows.map((row) => Familiar.score(familiar, Float32Array.from(row), empty));
}"""
CAMERA = """() => { // one that sees a black stroke on white paper
    const sheet = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
    const context = sheet.getContext("2d");
    const draw = () => {
        context.fillStyle = "#fff";
        context.fillRect(0, 0, 320, 240);
        context.fillStyle = "#000";
        context.fillRect(150, 40, 22, 160);
        requestAnimationFrame(draw);
    };
    draw();
    navigator.mediaDevices.getUserMedia = async () => (window.stream = sheet.captureStream());
}"""


@pytest.fixture(scope="module")
def run(tmp_path_factory, data_folder):
    return train(tmp_path_factory.mktemp("runs"), data_folder, epochs=8, title="Reads my digits")


@pytest.fixture(scope="module")
def digits(run, tmp_path_factory, data_folder):
    """The page of a network that reads digits of 8 x 8 pixels."""
    place = tmp_path_factory.mktemp("pages") / "digits.html"
    write_page(run, place, "", data_folder, lambda share, doing: None)
    return place


@pytest.fixture(scope="module")
def offline(browser):
    """A browser with the network off."""
    with contextlib.closing(browser.new_context(offline=True)) as context:
        context.set_default_timeout(PATIENCE * 1000)
        yield context


@pytest.fixture
def opened(browser, offline):
    """Opens a file with the network off; at the end no page may have had an error or asked for anything but that file."""
    problems = []
    with contextlib.ExitStack() as stack:

        def open_file(place, after="", **options):
            context = offline
            if options:
                context = stack.enter_context(contextlib.closing(browser.new_context(offline=True, **options)))
                context.set_default_timeout(PATIENCE * 1000)
            page = stack.enter_context(contextlib.closing(context.new_page()))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
            page.on(
                "request",
                lambda asked: problems.append(asked.url) if not asked.url.startswith(place.as_uri()) else None,
            )
            page.goto(place.as_uri() + after)
            return page

        yield open_file
    assert problems == []


def written(place, model, shape, classes, half_from=math.inf, answers=None, views="one"):
    """A page of a network that learned nothing, with pictures of noise."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (OWN, *shape), dtype=np.uint8)
    with torch.inference_mode():
        logits = with_views(model, views)((torch.from_numpy(pictures).float() / 255 - 0.4) / 0.25)
    said = {
        "title": "Noise",
        "classes": classes,
        "hint": "anything",
        "drawable": False,
        "about": ["Right on nothing."],
        "preparation": {
            "module": "photo",
            "function": "prepare_photo",
            "arguments": {"channels": shape[0], "size": shape[1:]},
        },
        "network": {
            "temperature": 0.8,
            "each": False,
            "views": VIEWS[views],
            "mean": [0.4] * shape[0],
            "deviation": [0.25] * shape[0],
        },
    }
    wanted = tempered(logits.softmax(1).numpy(), 0.8) if answers is None else answers
    features = random.normal(size=(60, model[-1].in_features)).astype(np.float32)
    familiar = Familiar.of(features, np.resize(pictures, (60, *shape)), features, np.resize(pictures, (60, *shape)))
    text = making.packed(graph_of(model, shape), said, familiar, pictures, wanted, half_from, 1e-4)
    place.write_text(making.html("Noise", text), encoding="utf-8")
    return place


def network_of(name, shape, classes=7):
    return unsettled(settings(name).build(shape, classes))


def plain(markup):
    return html.unescape(re.sub("<[^>]*>", "", markup))


def familiar_of(page):
    kept = page.words["familiar"]
    arrays = {name: page.array(kept[name]) for name in ("axes", "features", "lost_features", "pixels", "lost_pixels")}
    return Familiar(**arrays, **{name: kept[name] for name in ("step", "units", "limit", "side", "rank")})


def answer_to(run, place, pixels):
    """What TrainDesk's words for the answer are, with the page's verdict computed in Python: of pixels uint8 (1, 8, 8)."""
    page = Unpacked(re.search(r'id="network">([^<]*)<', place.read_text(encoding="utf-8"))[1])
    familiar = familiar_of(page)
    features, probabilities = Classifier.load(run).embed(pixels[None])
    strange = bool(familiar.scores(features, pixels[None])[0] > familiar.limit)
    return Said(tempered(probabilities, page.words["network"]["temperature"])[0], strange)


def test_a_drawing_gets_the_answer_of_the_network_and_the_bars_move(opened, digits, run):
    page = opened(digits)
    expect(page.locator("#answer")).to_have_text("Draw a digit.")
    expect(page.get_by_role("heading", name="Reads my digits")).to_be_visible()
    for digit in (0, 3, 7):  # of one stroke each: the answer to it is spoken when it ends
        if digit:
            page.get_by_role("button", name="Clear").click()
        expect(page.locator("#answer.plain")).to_be_visible()
        draw_with_mouse(page, digit)
        expect(page.locator("#spoken")).not_to_have_text("Draw a digit.")
        said = answer_to(run, digits, np.uint8(page.evaluate(PIXELS)).reshape(1, 8, 8))
        expect(page.locator("#answer")).to_have_text(plain(words(said, tuple("0123456789"))))
        expect(page.locator("#bars .won span").first).to_have_text(str(said.first))
        expect(page.locator("#spoken")).to_have_text(page.locator("#answer").inner_text())
    page.keyboard.press("Control+z")
    page.keyboard.press("Delete")
    expect(page.locator("#answer")).to_have_text("Draw a digit.")
    expect(page.locator("footer")).to_contain_text("360 test pictures")
    expect(page.locator("footer")).to_contain_text("Nothing leaves this page.")


def test_pictures_that_are_chosen_and_pasted_get_the_answer_of_the_network(opened, digits, run, tmp_path):
    page, classifier = opened(digits), Classifier.load(run)
    for number, image in enumerate((draw_digit(3, seed=1), draw_doodle("house", 1), draw_digit(5, seed=2))):
        file = tmp_path / f"{number}.png"
        image.save(file)
        if number == 2:
            page.evaluate(PASTE, base64.b64encode(file.read_bytes()).decode())
        else:
            page.locator("#file").set_input_files(file)
        said = answer_to(run, digits, classifier.prepare(image))
        expect(page.locator("#answer")).to_have_text(plain(words(said, tuple("0123456789"))))
    buffer = io.BytesIO()
    draw_digit(3, seed=1).point(lambda value: 255).save(buffer, "PNG")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files({"name": "blank.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    expect(page.locator("#answer")).to_contain_text("Nothing is drawn")
    page.locator("#file").set_input_files({"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.locator("#answer")).to_contain_text("'no.png' is no picture")
    page.get_by_role("button", name="Draw instead").click()
    expect(page.locator("#answer")).to_have_text("Draw a digit.")


def test_what_is_strange_is_measured_as_in_python(opened, digits, run):
    page, classifier = opened(digits), Classifier.load(run)
    images = [draw_digit(2, seed=3), draw_doodle("car", 2), draw_doodle("waves", 0)]
    prepared = np.stack([classifier.prepare(image) for image in images])
    carried = Unpacked(page.locator("#network").text_content())
    kept = carried.words["familiar"]
    arrays = {
        name: carried.array(kept[name]) for name in ("axes", "features", "lost_features", "pixels", "lost_pixels")
    }
    familiar = Familiar(**arrays, **{name: kept[name] for name in ("step", "units", "limit", "side", "rank")})
    found = page.evaluate(SCORES, prepared.reshape(3, -1).tolist())
    assert np.allclose(found, familiar.scores(classifier.embed(prepared)[0], prepared), rtol=2e-3)


@pytest.mark.parametrize("name", ARCHITECTURES.names())
def test_every_architecture_passes_the_pages_own_test(opened, tmp_path, name):
    shape = (3, 32, 32) if "weights" not in ARCHITECTURES.get(name).model_fields else (1, 32, 32)
    classes = [f"kind {number}" for number in range(7)]
    views = "moved" if name == "mlp" else "one"
    place = written(tmp_path / f"{name}.html", network_of(name, shape), shape, classes, views=views)
    page = opened(place, "#selftest")
    expect(page.locator("#selftest")).to_be_visible()
    found = json.loads(page.locator("#selftest").inner_text())
    assert found["pictures"] == found["same"] == OWN and found["largest_difference"] < 1e-4
    expect(page.locator("#tested")).to_contain_text(f"{OWN} of {OWN} pictures get the answer")


def test_a_page_whose_own_pictures_get_other_answers_refuses_to_answer(opened, tmp_path):
    wrong = np.eye(7, dtype=np.float32)[np.arange(OWN) % 7]
    shape = (1, 16, 16)
    place = written(tmp_path / "wrong.html", network_of("mlp", shape), shape, list("abcdefg"), answers=wrong)
    page = opened(place)
    expect(page.locator("#answer")).to_contain_text("This page does not answer")
    expect(page.get_by_role("button", name="Choose a picture")).to_be_disabled()


def test_a_damaged_file_says_so(opened, tmp_path, digits):
    text = digits.read_text(encoding="utf-8")
    middle = text.index('id="network">') + 2000
    place = tmp_path / "damaged.html"
    place.write_text(text[:middle] + "AAAA" + text[middle + 4 :], encoding="utf-8")
    expect(opened(place).locator("#answer")).to_contain_text("its file is damaged")


def test_names_that_are_made_to_harm_are_only_names(opened, tmp_path):
    names = ["</script><script>window.harmed = 1</script>", "<img src=x onerror='window.harmed = 1'>", "{{script}}"]
    shape = (1, 16, 16)
    page = opened(written(tmp_path / "hostile.html", network_of("mlp", shape, 3), shape, names))
    for name in names:
        expect(page.locator("#bars").get_by_text(name, exact=True)).to_be_visible()
    expect(page.locator("#knows")).to_contain_text("</script>")
    assert page.evaluate("window.harmed") is None and page.locator("main img").count() == 0


def test_of_many_classes_the_likeliest_are_shown_and_the_rest_is_counted(opened, tmp_path):
    shape, names = (3, 16, 16), [f"kind {number}" for number in range(30)]
    page = opened(written(tmp_path / "many.html", network_of("mlp", shape, 30), shape, names))
    expect(page.locator("#bars")).to_contain_text("and 20 more")
    picture = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    page.locator("#file").set_input_files({"name": "noise.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    expect(page.locator("#bars li").first).to_have_class("won")
    shares = [
        float(text.rstrip("%\u202f").lstrip("<")) for text in page.locator("#bars li span:last-child").all_inner_texts()
    ]
    assert len(shares) == 10 and shares == sorted(shares, reverse=True)


def test_a_phone_shows_board_answer_and_bars_without_scrolling(opened, digits):
    page = opened(digits, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    draw_with_mouse(page, 3)
    expect(page.locator("#bars .won")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    bottom = page.locator("#bars li").last.bounding_box()
    assert bottom["y"] + bottom["height"] <= 844
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert barriers(page) == []


def test_all_of_it_is_on_a_projector_at_once(opened, digits):
    page = opened(digits)
    for width, height in ((1280, 720), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        draw_with_mouse(page, 3)
        expect(page.locator("#bars .won")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollHeight") <= height
        assert barriers(page) == []


def test_the_camera_shows_what_it_sees_and_a_picture_can_be_kept(opened, digits):
    page = opened(digits)
    page.evaluate(CAMERA)
    page.get_by_role("button", name="Take a picture").click()
    expect(page.locator("#camera")).to_be_visible()
    expect(page.locator("#bars .won")).to_be_visible()
    page.get_by_role("button", name="Keep this picture").click()
    expect(page.locator("#shown")).to_be_visible()
    assert page.evaluate("stream.getTracks().every((track) => track.readyState === 'ended')")
    assert page.locator("#shown").evaluate("canvas => [canvas.width, canvas.height]") == [240, 240]


def test_the_signs_that_mix_features_are_those_of_python(opened, tmp_path):
    shape = (1, 32, 32)  # 64 x 8 x 8 features enter the last layer
    place = written(tmp_path / "wide.html", network_of("improved_cnn", shape), shape, list("abcdefg"))
    page = opened(place)
    unit = np.eye(4096, dtype=np.float32)[:2]
    familiar = familiar_of(Unpacked(page.locator("#network").text_content()))
    pictures = np.zeros((2, 1, 32, 32), np.uint8)
    found = page.evaluate(OF_FEATURES, unit.tolist())
    assert np.allclose(found, familiar.scores(unit, pictures), rtol=2e-3)
