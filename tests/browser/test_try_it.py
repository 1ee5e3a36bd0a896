"""The classify page under real hands: paste, photos, folds that compute when they are opened."""

import base64
import io
import re

import pytest
from playwright.sync_api import expect

from core.runs.metadata import change_metadata
from core.runs.store import Run
from tests.browser.hands import PASTE, choose, draw_with_mouse, press
from tests.browser.places import box
from tests.browser.trainings import without_workers
from tests.drawings import draw_digit
from tests.pages.trained import copied, train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def digits(tmp_path_factory, data_folder):
    return train(
        tmp_path_factory.mktemp("digits"), data_folder, epochs=8, title="Reads digits", training={"keep_every": 1}
    )


@pytest.fixture
def desk(at, server, digits):
    """The classify page of a network that reads digits."""
    for name in (digits.id, "second"):
        if not (server.runs / name).exists():
            copied(digits, server.runs, name)
    page = at(f"{server.url}/classify?run={digits.id}")
    clear, invited = page.get_by_role("button", name="Clear"), page.get_by_text("Draw a digit in the box.")
    expect(clear).to_be_visible()  # with what the test before has drawn
    press(clear, lambda: clear.is_disabled() and invited.is_visible())
    return page


def test_every_part_that_explains_opens_and_the_answer_falls_when_the_picture_is_broken(desk, server):
    draw_with_mouse(desk, 0)
    expect(desk.locator(".bars .winner .name").first).to_have_text("0")
    desk.get_by_text("What it sees", exact=True).click()
    expect(desk.get_by_text("ink found")).to_be_visible()
    desk.get_by_text("Where it looked", exact=True).click()
    expect(desk.get_by_role("img", name="Where it looked for")).to_be_visible()
    desk.get_by_text("Its layers", exact=True).click()
    expect(desk.get_by_role("img", name="10 answers")).to_be_visible()
    desk.get_by_text("Similar pictures", exact=True).click()
    expect(desk.get_by_role("group", name="Similar training pictures")).to_be_visible()
    desk.get_by_text("Break it", exact=True).click()
    slider = desk.get_by_role("slider", name="Invert")
    expect(slider).to_be_visible()
    parts = desk.locator(".st-key-broken-drawing .answer"), desk.get_by_role("button", name="Keep it for the next")
    drawn = [part.locator("xpath=ancestor::*[@data-stale][1]") for part in parts]
    for stale, opacity, pointer in (("true", "0.25", "none"), ("false", "1", "auto")):
        for each in drawn:
            each.evaluate("(element, stale) => { element.dataset.stale = stale; }", stale)  # as Streamlit marks it
        for each in drawn:
            expect(each).to_have_css("opacity", opacity)  # of the picture before: faint, and not to be clicked
            expect(each).to_have_css("pointer-events", pointer)
    bars = desk.locator(".bars").last
    sure = bars.locator(".share").first.inner_text()
    slider.focus()
    slider.press("End")
    expect(bars.locator(".share").first).not_to_have_text(sure)
    expect(desk.locator(".js-plotly-plot[aria-label^='Test accuracy against']")).to_be_visible()
    choose(desk, "What that does to 500 test pictures", "Shift")
    expect(desk.locator(".js-plotly-plot[aria-label='Test accuracy against shift']")).to_be_visible()
    with without_workers(server.runs):
        desk.get_by_role("button", name="Train it to cope with that").click()
        expect(desk).to_have_url(re.compile(r"/run\?run="))
        leave = desk.get_by_role("button", name="Take out of the queue")
        press(leave, desk.get_by_text("stopped", exact=True))


def test_a_picture_from_the_clipboard_is_answered(desk):
    desk.get_by_role("radio", name="Upload").click()
    expect(desk.get_by_text("press Ctrl+V here")).to_be_visible()
    buffer = io.BytesIO()
    draw_digit(0).save(buffer, "PNG")
    desk.evaluate(PASTE, base64.b64encode(buffer.getvalue()).decode())
    expect(desk.get_by_role("img", name="pasted")).to_be_visible()
    expect(desk.locator(".answer b").first).to_have_text("0")
    desk.get_by_role("radio", name="Draw").click()  # the window is that of the next test too
    expect(desk.get_by_text("Draw a digit in the box.")).to_be_visible()


def test_the_camera_takes_a_photo(desk):
    """A browser that lets pages have the camera."""
    desk.context.grant_permissions(["camera"])
    desk.get_by_role("radio", name="Photo").click()
    expect(desk.get_by_test_id("stCameraInput").get_by_text("Take a photo of a digit")).to_be_visible()
    desk.get_by_role("radio", name="Draw").click()
    expect(desk.get_by_text("Draw a digit in the box.")).to_be_visible()
    desk.context.clear_permissions()


def test_another_is_asked_too_and_how_careful_it_is_can_be_set(desk, server):
    desk.reload()  # its folds are closed
    expect(desk.get_by_text("Draw a digit in the box.")).to_be_visible()
    draw_with_mouse(desk, 0)
    expect(desk.locator(".bars .winner .name")).to_have_text(["0"])
    desk.get_by_role("button", name="Ask another").click()
    desk.get_by_role("combobox", name="Ask others too").click()
    desk.get_by_role("option", name="Reads digits").first.click()
    expect(desk.locator(".bars .winner .name")).to_have_text(["0", "0"])
    sure = desk.locator(".bars .winner .share").first
    best = sure.inner_text()
    choose(desk, "Network that answers", re.compile("^Epoch 1, "), lambda: sure.inner_text() != best)
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("button", name="Epoch 1, 1 more")).to_be_visible()
    network = desk.get_by_role("combobox", name="Network of run")
    second = Run(server.runs / "second")
    change_metadata(second, title="Second")
    desk.get_by_role("radio", name="Test").click()
    choose(desk, "Network of run", re.compile("^Second"), lambda: "Second" in network.input_value())
    change_metadata(second, title="Renamed")
    for way in ("Draw", "Test", "Draw"):  # a list knows a choice by its words
        desk.get_by_role("radio", name=way).click()
        expect(network).to_have_value(re.compile("^(Second|Renamed)"))
    choose(desk, "Network of run", re.compile("^Best so far"), lambda: "Best so far" in network.input_value())
    desk.get_by_role("button", name="When does it say").click()
    answers = desk.get_by_text("of the validation pictures and is right in")
    expect(answers).to_be_visible()
    said = answers.inner_text()
    slider = desk.get_by_role("slider", name="Validation pictures that it still answers")
    slider.focus()
    slider.press("Home")
    expect(answers).not_to_have_text(said)
    desk.keyboard.press("Escape")
    desk.get_by_role("radio", name="Test").click()
    desk.get_by_role("button", name="A random test picture").click()
    picture, bars = desk.get_by_role("img", name=re.compile("Test picture")), desk.locator(".bars .winner").first
    expect(picture).to_be_visible()
    expect(desk.locator(".truth").first).to_contain_text("it is")
    left, right = box(picture), box(bars)
    assert left["x"] + left["width"] <= right["x"] and left["y"] < right["y"] < left["y"] + left["height"]
    desk.get_by_role("button", name="One that it gets wrong").click()
    expect(desk.locator(".truth").first).to_contain_text("Wrong")
