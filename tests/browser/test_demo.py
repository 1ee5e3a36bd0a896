"""The demo as a room sees it: two networks learn while one looks, also in presenter view, and all of it can be taken away."""

import re

import pytest
from playwright.sync_api import expect

from core.demo import TITLES
from core.runs.store import list_runs
from tests.browser.hands import charts

pytestmark = pytest.mark.browser


def test_two_networks_learn_side_by_side_and_are_taken_away_again(visit, server):
    before = list_runs(server.runs)
    page = visit().page
    page.goto(server.url)
    picture = page.get_by_role("img", name=re.compile("A handwritten seven"))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 100
    page.get_by_role("button", name="Start the 60-second demo").click()
    expect(page.get_by_text(re.compile("is ahead|Most digits|Both are good"))).to_be_visible(timeout=90_000)
    for title in TITLES:
        expect(page.locator(".learner", has_text=title)).to_contain_text("of the val digits")
    page.wait_for_function("document.querySelector('.js-plotly-plot')?.data?.[1].x.length > 2")
    narrow = page.locator(".js-plotly-plot").bounding_box()["width"]
    page.get_by_role("button", name="Presenter view: large type, no menus").or_(
        page.locator(".st-key-present button")
    ).first.click()
    expect(page.get_by_role("link", name="Computer")).to_be_hidden()
    page.wait_for_function(f"document.querySelector('.js-plotly-plot').clientWidth > {narrow}")
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > 20
    draws = charts(page)[0]["draws"]
    page.wait_for_function(f"Number(document.querySelector('.js-plotly-plot').dataset.draws) > {draws}")
    page.get_by_role("button", name="Reset the demo").click()
    page.get_by_role("button", name="Yes, reset it").click()
    expect(page.get_by_role("button", name="Start the 60-second demo")).to_be_visible()
    assert list_runs(server.runs) == before
    page.locator(".st-key-leave button").first.click()
    page.get_by_role("link", name="Home", exact=True).click()
    expect(page.get_by_role("heading", name="Train a network, then draw for it")).to_be_visible()
