"""Whole journeys of a visitor, from the first click to the answer."""

import re

import pytest
from playwright.sync_api import expect

from core.runs.history import History
from core.runs.playback import Playback, ask_for_playback
from core.runs.store import find_run, list_runs, write_config
from core.workers.worker import work
from tests.browser.conftest import serving
from tests.browser.hands import draw_with_mouse, seen
from tests.browser.places import bottom, box
from tests.browser.trainings import without_workers
from tests.drawings import draw_digit
from tests.helpers import wait_until
from tests.pages.trained import copied, train

pytestmark = pytest.mark.browser
POINTS = "document.querySelector('.js-plotly-plot').data[0].x.length"


def wait_for_growth(page) -> None:
    """The loss curve has points, and then more of them."""
    before = seen(page, f"{POINTS} > 2 && {POINTS}")
    page.wait_for_function(f"{POINTS} > {before}")


def draw_three_and_read(page) -> None:
    expect(page.get_by_text("Draw a digit in the box.")).to_be_visible()
    draw_with_mouse(page, 3)
    expect(page.locator(".answer b")).to_have_text("3")
    expect(page.locator(".bars li")).to_have_count(10)
    expect(page.locator(".bars .winner .name")).to_have_text("3")


@pytest.fixture
def with_a_waiting_worker(tmp_path, data_folder):
    """A dashboard as people have it."""
    (tmp_path / "runs").mkdir()
    with serving(tmp_path / "runs", data_folder, standby="1") as server:
        yield server


def test_digits_from_the_first_click_to_a_drawn_three(visit, with_a_waiting_worker):
    page, server = visit().page, with_a_waiting_worker
    page.goto(server.url)
    page.get_by_role("button", name="Start the digits training").click()
    [run] = wait_until(lambda: list_runs(server.runs), what="it is started")
    ask_for_playback(run, Playback(epoch_seconds=60))  # however slowly its page is drawn
    expect(page).to_have_url(re.compile(rf"/run\?run={run.id}"))
    wait_for_growth(page)
    history = History(run)
    ask_for_playback(run, Playback(until=history.update().started["steps_per_epoch"] + 1))
    wait_until(lambda: history.update().epochs, what="the first of three epochs ends", every=0.2)
    page.get_by_role("button", name="Stop").click()  # what it learned is kept
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    expect(page.get_by_text("the best and the last state are kept")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    page.get_by_role("button", name="Try it: draw or upload").click()
    draw_three_and_read(page)
    expect(page.get_by_text("What the network sees, 28 x 28")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Draw a digit in the box.")).to_be_visible()
    page.close()  # before its server goes


def test_mnist_for_one_epoch_with_a_changed_form(at, server, data_folder):
    page = at(f"{server.url}/train?recipe=fast_mnist")
    size = page.get_by_role("spinbutton", name="Batch size")
    expect(size).to_have_value("32")
    size.fill("128")
    size.press("Enter")
    expect(page.get_by_text("SimpleCNN on MNIST, 1 epoch", exact=True)).to_be_visible()
    points = []

    def look(event) -> None:
        """The training stands still until its page shows this much of it."""
        if event["event"] == "step" and len(points) < 2:
            at_least = points[-1] + 1 if points else 1
            points.append(seen(page, f"{POINTS} >= {at_least} && {POINTS}"))

    with without_workers(server.runs):
        page.get_by_role("button", name="Start training").click()
        expect(page).to_have_url(re.compile(r"/run\?run="))
        run = find_run(re.search(r"run=([\w-]+)", page.url)[1], server.runs)
        assert run.config().training.batch_size == 128
        fewer = {"training.training_pictures": 1500}  # of each digit
        write_config(run, run.config().with_changes(fewer), run.created())
        work(run, data_folder, look)
    assert len(points) == 2, "its curve was seen to grow"
    expect(page.get_by_text("finished", exact=True)).to_be_visible()
    expect(page.get_by_text("of 10,000 pictures right")).to_be_visible()
    page.get_by_role("button", name="Try it: draw or upload").click()
    draw_three_and_read(page)
    expect(page.get_by_text("What the network sees, 28 x 28")).to_be_visible()


def test_a_wrong_value_is_explained_at_its_field_while_typing(at, server):
    page = at(f"{server.url}/train?recipe=digits")
    rate = page.get_by_role("textbox", name="Learning rate")
    expect(rate).to_have_value("0.006")
    rate.fill("-1")
    sentence = page.get_by_role("alert").filter(has_text="Learning rate is -1; it must be a number above 0")
    expect(sentence).to_be_visible()
    start = page.get_by_role("button", name="Start training")
    expect(start).to_be_disabled()
    expect(page.get_by_text("1 value to correct")).to_be_visible()
    wait_until(lambda: 0 <= box(sentence)["y"] - bottom(rate) < 40, what="directly under its field")
    rate.fill("0.01")
    expect(sentence).to_have_count(0)
    expect(start).to_be_enabled()


def test_a_bad_and_a_good_upload_together(at, server, tmp_path, data_folder):
    run = copied(train(tmp_path / "trained", data_folder, epochs=4, title="Reads digits"), server.runs)
    (tmp_path / "broken.png").write_bytes(b"this is no picture")
    draw_digit(3).save(tmp_path / "three.png")
    page = at(f"{server.url}/classify?run={run.id}")
    page.get_by_role("radio", name="Upload").click()
    page.locator("input[type=file]").set_input_files([tmp_path / "broken.png", tmp_path / "three.png"])
    expect(page.get_by_role("alert").filter(has_text="'broken.png' is not an image")).to_be_visible()
    expect(page.locator(".answer")).to_have_count(1)
    one = page.get_by_role("img", name="three.png", exact=True)  # itself, and no grid of one
    expect(one).to_be_visible()
    wait_until(lambda: box(one)["width"] > 150)
    expect(page.get_by_role("group", name="Pictures")).to_have_count(0)
    draw_digit(0).save(tmp_path / "zero.png")
    page.locator("input[type=file]").set_input_files([tmp_path / "zero.png"])
    grid = page.get_by_role("group", name="Pictures")  # two: details of the one that is clicked
    expect(grid.get_by_role("button")).to_have_count(2)
    grid.get_by_title("zero.png").click()
    expect(grid.get_by_title("zero.png")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".bars .winner .name")).to_have_text(grid.get_by_title("zero.png").locator("b").inner_text())
