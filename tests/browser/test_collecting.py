"""Train while you collect: what was drawn so far answers, is kept by a click, and goes on with a new class."""

import re

import pytest
from playwright.sync_api import expect

from core.image_sets.folders import delete_dataset, list_datasets
from core.runs.store import list_runs
from tests.browser.test_own_pictures import BOX, CROSS, draw
from tests.browser.trainings import train_started, without_workers
from tests.doodles import draw_doodle
from tests.own import encoded

pytestmark = pytest.mark.browser
ZIGZAG = [(0.1, 0.5, 0.3, 0.2), (0.3, 0.2, 0.5, 0.8), (0.5, 0.8, 0.7, 0.2), (0.7, 0.2, 0.9, 0.5)]


def collect(page, name, strokes, count):
    page.get_by_role("textbox", name="Class").last.fill(name)
    for number in range(count):
        page.get_by_role("img", name=re.compile("Drawing area")).scroll_into_view_if_needed()
        draw(page, strokes, number)
        page.get_by_role("button", name="Keep it and draw the next").click()
        expect(page.get_by_text(f"{number + 1} of 20").last).to_be_visible()


@pytest.fixture
def made(data_folder):
    """The datasets that the test has made so far, which are thrown away at its end."""
    known = list_datasets(data_folder)
    yield lambda: [each for each in list_datasets(data_folder) if each not in known]
    for each in list_datasets(data_folder):
        if each not in known:
            delete_dataset(each)


def test_drawings_answer_while_they_are_collected_are_kept_and_go_on(visit, server, made, data_folder, tmp_path):
    with without_workers(server.runs):
        before = set(list_runs(server.runs))
        page = visit().page
        page.goto(f"{server.url}/data?way=draw")
        collect(page, "cross", CROSS, 5)
        panel = page.locator("[class*=st-key-already]")
        expect(panel).to_contain_text("From 2 pictures each of two classes on it answers")
        collect(page, "box", BOX, 5)
        expect(panel).to_contain_text("It already answers")
        expect(panel).to_contain_text(re.compile(r"Of 10 pictures, each held out .* it reads \d+ right"))
        draw(page, CROSS, 9)
        expect(panel.locator(".bars .winner .name")).to_have_text("cross")
        strange = tmp_path / "box.png"
        strange.write_bytes(encoded(draw_doodle("square", 3)))
        uploader = panel.get_by_test_id("stFileUploader").filter(has_text="Try a picture of yours")
        uploader.locator("input[type=file]").set_input_files(str(strange))
        expect(panel.locator(".bars .winner .name")).to_have_text("box")

        page.get_by_role("button", name="Keep this network").click()
        [first] = train_started(server.runs, before, 1, data_folder)
        expect(page.get_by_text("finished", exact=True).first).to_be_visible()
        [dataset] = made()
        assert first.config().architecture.name == "efficientnet_lite0" and first.checkpoint()
        page.get_by_role("button", name="Try it").or_(page.get_by_role("link", name="Try it")).first.click()
        draw(page, BOX, 8)
        expect(page.locator(".bars .winner .name").first).to_have_text("box")

        page.goto(f"{server.url}/data?set={dataset.id}")
        expect(page.get_by_role("button", name="Train on these pictures")).to_be_visible()
        expect(page.get_by_role("button", name="Continue from")).to_be_hidden()
        page.get_by_role("tab", name="Add pictures").click()
        page.get_by_text("Try what these pictures teach already").click()
        expect(panel).to_contain_text("Of 10 pictures")
        panel.locator("input[type=file]").set_input_files(str(strange))
        expect(panel.locator(".bars .winner .name")).to_have_text("box")
        page.get_by_role("button", name="Draw").click()
        expect(page.get_by_text("Try what these pictures teach already")).to_be_hidden()
        collect(page, "zigzag", ZIGZAG, 5)
        expect(panel.locator(".bars .name")).to_have_text(["box", "cross", "zigzag"])
        page.get_by_role("button", name="Add 5 pictures").click()
        page.get_by_role("button", name="Add to").click()
        expect(page.get_by_text("5 new pictures and the new class 'zigzag'")).to_be_visible()
        page.get_by_role("button", name="Continue from").click()
        page.get_by_role("button", name="Start training").click()
        [second] = train_started(server.runs, before | {first}, 1, data_folder)
        expect(page.get_by_text("what it learned of 'box' and 'cross' is kept, new is 'zigzag'")).to_be_visible()
        assert second.config().training.start_from == first.id and second.status().name == "finished"
