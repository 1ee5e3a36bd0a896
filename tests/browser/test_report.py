"""The report card in a real browser: opened from the disk without a network, read by everyone, printed on a few pages."""

import re

import pytest
from playwright.sync_api import expect

from core.runs.metadata import change_metadata
from tests.browser.hands import barriers
from tests.pages.fake_runs import fake_run
from tests.pages.trained import train
from tests.reports import report_of

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PAPERS = ("A4", "Letter")


@pytest.fixture(scope="module")
def cards(tmp_path_factory, data_folder):
    """Report cards by what they are of."""
    folder = tmp_path_factory.mktemp("cards")
    run = train(folder / "runs", data_folder, epochs=2, experiment="Two")
    train(folder / "runs", data_folder, epochs=1, experiment="Two")
    change_metadata(run, title="Größe <b>3</b> مرحبا " + "w" * 50, note="Of class 7b.\nSecond line.")
    runs = {
        "trained": run,
        "failed": fake_run(folder / "runs", "failed"),
        "queued": fake_run(folder / "runs", "queued"),
    }
    for name, each in runs.items():
        report_of(each, data_folder, folder / f"{name}.html")
    return folder


@pytest.mark.parametrize(("name", "most"), [("trained", 3), ("failed", 2), ("queued", 1)])
def test_it_is_read_from_the_disk_without_a_network_and_printed_on_a_few_pages(browser, cards, name, most):
    context = browser.new_context(offline=True, viewport={"width": 1000, "height": 900})
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    address = (cards / f"{name}.html").as_uri()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.evaluate("getComputedStyle(document.querySelector('h2')).borderTopWidth") != "0px", (
        "the style is in force"
    )
    for paper in PAPERS:
        printed = page.pdf(format=paper)
        assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= most, paper
    assert barriers(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate(SIDEWAYS) == 0
    assert barriers(page) == []
    page.emulate_media(media="print")
    background = "getComputedStyle(document.querySelector('.matrix .r9, .matrix .r8, main')).printColorAdjust"
    assert page.evaluate(background) == "exact", "the colours of the matrix are printed"
    assert page.evaluate("getComputedStyle(document.querySelector('main')).borderTopWidth") == "0px"
    assert said == [] and [url for url in asked if not url.startswith("data:")] == [address]
    context.close()
