"""Lessons from Begin to the last step, by clicking, with real trainings."""

import re

import pytest
from playwright.sync_api import expect

from core.runs.store import list_runs
from tests.browser.conftest import serving
from tests.browser.hands import press
from tests.helpers import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def school(tmp_path_factory, data_folder):
    """A dashboard of its own: its trainings wait for no others."""
    runs = tmp_path_factory.mktemp("lessons") / "runs"
    runs.mkdir()
    with serving(runs, data_folder) as running:
        yield running


def step(page, number):
    return page.locator(f".st-key-step-{number}")


def is_done(page, number):
    expect(step(page, number).locator(".verdict.done")).to_be_visible()


def begin(page):
    press(page.get_by_role("button", name="Begin", exact=True), page.get_by_role("button", name="Begin anew"))


def test_the_learning_rate_from_the_list_to_a_better_one(visit, school, tmp_path):
    page = visit().page
    page.goto(f"{school.url}/lessons")
    press(
        page.get_by_role("button", name="3. The learning rate"), page.get_by_role("heading", name="The learning rate")
    )
    with page.expect_download() as saved:
        page.get_by_role("link", name="Sheet for the teacher").click()
    assert "The valley in the fog" in saved.value.path().read_text(encoding="utf-8")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Sheet for pupils").click()
    assert "The valley in the fog" not in saved.value.path().read_text(encoding="utf-8")
    begin(page)
    press(page.get_by_role("button", name="Start the three trainings"), lambda: len(list_runs(school.runs)) == 3)
    is_done(page, 1)
    press(page.get_by_role("radio", name="0.0001"), page.get_by_text("it did not read most digits"))
    press(page.get_by_role("radio", name="0.03"), step(page, 2).locator(".verdict.done"))
    step(page, 2).get_by_role("link", name="Compare the runs").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Compare")
    page.go_back()
    step(page, 3).get_by_role("link", name="Open the form").click()
    rate = page.get_by_role("textbox", name="Learning rate", exact=True).or_(
        page.get_by_role("spinbutton", name="Learning rate", exact=True)
    )
    rate.fill("0.15")
    rate.press("Enter")
    page.get_by_role("button", name="Start training").click()
    wait_until(lambda: len(list_runs(school.runs)) == 4)
    wait_until(lambda: list_runs(school.runs)[0].status().name == "finished")
    page.goto(f"{school.url}/lessons?lesson=learning_rate")
    is_done(page, 3)
    expect(page.get_by_text("All steps are done.")).to_be_visible()
    press(page.get_by_text("An answer"), page.get_by_text("A schedule does both."))
    page.get_by_role("button", name="Begin anew").click()
    expect(step(page, 1).get_by_text("0 of 3 done")).to_be_visible()
    page.get_by_role("button", name="All lessons").click()
    expect(page).to_have_url(re.compile("/lessons$"))
    expect(page.get_by_text("0 of 3 steps done")).to_be_visible()
