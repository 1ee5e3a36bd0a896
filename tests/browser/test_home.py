"""The very first start: Home's canvas is answered by the example that comes along, and one click hides it from the lists."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serving
from tests.browser.hands import draw_with_mouse
from tests.browser.places import bottom, box
from tests.helpers import closed_port

pytestmark = pytest.mark.browser
PROJECTOR = {"width": 1280, "height": 720}


@pytest.fixture(scope="module")
def first_start(tmp_path_factory):
    """A dashboard on a fresh computer without a network, and its folder: no run, no data, nothing but what comes along."""
    folder = tmp_path_factory.mktemp("fresh")
    for name in ("runs", "data"):
        (folder / name).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TRAINDESK_EXAMPLE")
        for name in ("http_proxy", "https_proxy"):
            patch.setenv(name, f"http://127.0.0.1:{closed_port()}")
        patch.setenv("no_proxy", "127.0.0.1,localhost")
        with serving(folder / "runs", folder / "data") as server:
            yield server, folder


def test_the_first_stroke_on_home_is_answered_by_the_example_which_can_be_hidden(at, first_start):
    page = at(first_start[0].url, PROJECTOR)
    expect(page.get_by_role("link", name="Example: handwritten digits")).to_be_visible()
    draw_with_mouse(page, 3)
    expect(page.locator(".answer b")).to_have_text("3")
    for part in (page.get_by_role("img", name="Drawing area"), page.locator(".answer")):
        assert box(part)["y"] >= 0 and bottom(part) <= PROJECTOR["height"], "seen together without scrolling"
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Draw a digit in the box.")).to_be_visible()

    page.get_by_role("link", name="Runs", exact=True).click()
    listed = page.locator("tbody").get_by_role("link", name="Example: handwritten digits")
    expect(listed).to_be_visible()
    page.get_by_role("button", name="Hide the example").click()
    expect(page.get_by_text("There is no run yet")).to_be_visible()
    expect(listed).to_have_count(0)
    page.get_by_role("button", name="Show the example").click()
    expect(listed).to_be_visible()
    listed.click()
    expect(page.get_by_text("of 10,000 test pictures")).to_be_visible()


def test_a_download_without_a_network_is_refused_in_one_sentence(at, first_start):
    server, folder = first_start
    page = at(f"{server.url}/data?set=cifar10", PROJECTOR)
    expect(page.get_by_text("Not on this computer yet: 170 MB")).to_be_visible()
    page.get_by_role("button", name="Download it now").click()
    said = page.get_by_role("alert").filter(has_text="CIFAR-10 could not be downloaded")
    expect(said).to_contain_text(f"put cifar-10-python.tar.gz into {folder / 'data'}")
    expect(page.get_by_role("button", name="Download it now")).to_be_enabled()
