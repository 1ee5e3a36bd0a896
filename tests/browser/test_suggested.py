"""Which training suits own pictures: looked at beside the page, said on two cards, and taken by a click."""

import pytest
from playwright.sync_api import expect

from core.image_sets.folders import accept
from tests.browser.conftest import serving
from tests.core.image_analysis.test_probe import arrow
from tests.helpers import wait_until
from tests.own import encoded, staged

pytestmark = pytest.mark.browser


def test_the_page_looks_at_the_pictures_and_asks_about_mirrors(visit, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_PROBE", "1")
    (tmp_path / "runs").mkdir()
    files = {f"{name}/{n}.png": encoded(arrow(n, name == "left")) for name in ("left", "right") for n in range(20)}
    dataset = accept(staged(tmp_path, files)[0], "Arrows", tmp_path / "data")
    with serving(tmp_path / "runs", tmp_path / "data") as server:
        page = visit().page
        page.goto(f"{server.url}/data?set={dataset.id}")
        expect(page.get_by_role("button", name="Train on these pictures")).to_be_visible()
        expect(page.get_by_text("on this computer")).to_have_count(2)  # without a reload
        expect(page.get_by_text("In a mirror left looks like right.")).to_be_visible()
        page.get_by_role("button", name="From scratch").click()
        expect(page.get_by_text("PhotoCNN").first).to_be_visible()
        page.go_back()
        page.get_by_text("Yes, mirror pictures").click()
        wait_until(lambda: dataset.about("mirror") == "on", what="the choice is kept")
        page.get_by_role("button", name="Train on these pictures").click()
        expect(page.get_by_text("Its ImageNet weights came with the program.")).to_be_visible()
