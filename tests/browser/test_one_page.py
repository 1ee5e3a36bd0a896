"""The page in one file, opened from a disk with the network off: it answers as TrainDesk does, and asks nobody anything."""

import base64
import html
import io
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.export.page.packing import Unpacked
from core.export.page.page import write_page
from core.inference.classifier import Classifier
from core.inference.neighbours import tempered
from pages.components.classify.prediction_view import Said, words
from tests.browser.hands import PASTE, barriers, draw_with_mouse
from tests.browser.one_file import familiar_of, offline, opening  # noqa: F401
from tests.doodles import draw_doodle
from tests.drawings import draw_digit
from tests.pages.trained import train

pytestmark = pytest.mark.browser

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


def plain(markup):
    return html.unescape(re.sub("<[^>]*>", "", markup))


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
    familiar = familiar_of(Unpacked(page.locator("#network").text_content()))
    found = page.evaluate(SCORES, prepared.reshape(3, -1).tolist())
    assert np.allclose(found, familiar.scores(classifier.embed(prepared)[0], prepared), rtol=2e-3)


def test_a_damaged_file_says_so(opened, tmp_path, digits):
    text = digits.read_text(encoding="utf-8")
    middle = text.index('id="network">') + 2000
    place = tmp_path / "damaged.html"
    place.write_text(text[:middle] + "AAAA" + text[middle + 4 :], encoding="utf-8")
    expect(opened(place).locator("#answer")).to_contain_text("its file is damaged")


def test_a_phone_shows_board_answer_and_bars_without_scrolling(opened, digits):
    page = opened(digits, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    draw_with_mouse(page, 3)
    expect(page.locator("#bars .won")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    bottom = page.locator("#bars li").last.bounding_box()
    assert bottom["y"] + bottom["height"] <= 844
    page.locator("#bars").evaluate(
        "bars => bars.classList.add('unknown')"
    )  # as for what looks like nothing that it learned
    assert barriers(page) == []
    page.emulate_media(color_scheme="dark")
    assert barriers(page, contrast_only=True) == []


def test_all_of_it_is_on_a_projector_at_once(opened, digits):
    page = opened(digits)
    for width, height in ((1920, 1080), (1280, 720)):
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
