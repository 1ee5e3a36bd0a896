"""The training form under real hands: what stands beside its settings follows them at once."""

import pytest
from playwright.sync_api import expect

from tests.browser.hands import choose

pytestmark = pytest.mark.browser


def test_the_curve_of_the_learning_rate_follows_the_schedule(at, server):
    page = at(f"{server.url}/train")
    curve = page.get_by_role("img", name="Learning rate over 3 epochs")
    expect(curve).to_be_visible()
    before = curve.get_attribute("src")
    choose(page, "Schedule", "steps", page.get_by_role("spinbutton", name="Every"))
    expect(curve).not_to_have_attribute("src", before)
    page.get_by_role("spinbutton", name="Every").fill("1")
    page.get_by_role("textbox", name="Factor").fill("0.5")
    expect(page.get_by_text("0.006, falls to 0.0015", exact=True)).to_be_visible()


def test_layers_are_added_beside_the_drawing_of_the_network(at, server):
    page = at(f"{server.url}/train?recipe=mlp")
    page.get_by_text("The network", exact=True).click()
    blocks = page.locator(".network .block.linear")
    expect(blocks).to_have_count(3)
    page.get_by_text("Every layer").click()
    expect(page.locator("details table tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Add a layer").click()
    expect(blocks).to_have_count(4)
    expect(page.get_by_role("textbox", name="Hidden layers")).to_have_value("200, 200, 200")
    page.get_by_role("button", name="Take the last away").click()
    expect(blocks).to_have_count(3)
    for sign, expected in (("+", "400, 200"), ("−", "200, 200")):
        page.locator(".st-key-layers-hidden").get_by_role("button", name=sign, exact=True).first.click()
        expect(page.get_by_role("textbox", name="Hidden layers")).to_have_value(expected)
