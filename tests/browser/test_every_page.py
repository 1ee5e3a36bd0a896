"""What holds of every page, opened by its own link: the header, no part that is cut off or scrolls sideways, no barriers."""

import json
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.browser.access import BRIGHTNESS, faults, moving, without_visible_focus
from tests.browser.conftest import serving
from tests.browser.hands import barriers, go
from tests.helpers import wait_until
from tests.pages.apps import PAGES
from tests.pages.trained import copied, train

pytestmark = pytest.mark.browser
PROJECTOR, LAPTOP, WIDE, PHONE = (
    {"width": width, "height": height} for width, height in ((1280, 720), (1440, 900), (1920, 1080), (390, 844))
)
STREAMLITS = ("stSlider", "data-baseweb")  # in widgets whose markup and colours Streamlit decides
FITS = """wide => [document.documentElement, ...document.querySelectorAll('[data-testid=stMain]')]
    .every(element => element.scrollWidth <= element.clientWidth)
    && document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect().width >= wide
    && document.querySelector('.st-key-header').getBoundingClientRect().height < 60"""
INK = """canvas => { const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, place) => Math.abs(value - data[place % 4]) > 40).length; }"""


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_folder):
    """A dashboard with two trained runs, at which nobody has looked yet; and the addresses of its pages, Home's last."""
    folder = tmp_path_factory.mktemp("every page")
    (folder / "runs").mkdir()
    slow = {"name": "adam", "learning_rate": 0.0002}
    good = train(folder / "trained", data_folder, epochs=2, title="Good")
    bad = train(folder / "trained", data_folder, epochs=2, title="Bad", optimizer=slow)
    good, bad = (copied(run, folder / "runs") for run in (good, bad))
    queries = {"run": f"?run={good.id}&cell=3-3&more=true", "compare": f"?runs={good.id},{bad.id}"}
    with serving(folder / "runs", data_folder) as server:
        yield server, {page: f"{server.url}/{page}{queries.get(page, '')}" for page in (*PAGES[1:], PAGES[0])}


def opened(page, name, address):
    page.goto(address)
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.get_by_role("link", name="Runs", exact=True)).to_be_visible()
    if name in ("run", "compare"):
        page.wait_for_function("document.querySelector('.js-plotly-plot')?.data?.[0].x.length > 0")
    page.wait_for_load_state("networkidle")


@contextmanager
def on_a_phone(page):
    """The window is one of a phone, of someone who asks for less motion, for the length of a `with`."""
    phone = page.context.new_cdp_session(page)
    page.set_viewport_size(PHONE)
    page.emulate_media(reduced_motion="reduce")
    phone.send("Emulation.setDeviceMetricsOverride", {**PHONE, "deviceScaleFactor": 1, "mobile": True})
    phone.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    yield
    phone.detach()  # it is none any more
    page.emulate_media(reduced_motion="no-preference")


def assert_fits(page, name, size):
    """It uses the width and not more; its header is one line."""
    wide = min(0.98 * size["width"], 1800)
    wait_until(lambda: page.evaluate(FITS, wide), what=f"{name} fits {size}", every=0.05)


def assert_no_barrier(page, name, contrast_only=False):
    """axe-core, WCAG 2.2 A and AA. What lies in Streamlit's own widgets is not ours. And what axe-core does not look at."""
    found = barriers(page, contrast_only=contrast_only)
    ours = [each for each in found if not any(word in each[1] for word in STREAMLITS)]
    assert not ours, json.dumps([name, ours], indent=1)
    assert contrast_only or not (found := faults(page)), json.dumps([name, found], indent=1)
    assert not (unseen := without_visible_focus(page)), json.dumps([name, unseen], indent=1)


def test_a_deep_link_to_a_fresh_server_looks_like_a_click_and_fits_a_phone_and_larger_screens(visit, house):
    """Also to one whose start page nobody has opened: with `st.navigation` it would look otherwise until then. Each page is
    opened on a phone, where nothing moves for who asks for that, and then looked at elsewhere."""
    _, addresses = house
    page = visit().page
    for name, address in addresses.items():
        with on_a_phone(page):
            opened(page, name, address)
            assert_fits(page, name, PHONE)
            assert not (found := faults(page)), json.dumps([name, found], indent=1)
            assert not (found := moving(page)), json.dumps([name, found], indent=1)
        header = page.locator(".st-key-header")
        expect(header.get_by_role("link")).to_have_text(
            ["Home", "Lessons", "Data", "Train", "Runs", "Classify", "Computer", "helpWhat the words mean"]
        )
        expect(header.get_by_role("button", name="Presenter view: large type, no menus")).to_be_visible()
        expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
        expect(page.get_by_text("Page not found")).to_have_count(0)
        if name == "run":
            page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length > 0")
        for size in (PROJECTOR, WIDE, LAPTOP):
            page.set_viewport_size(size)
            assert_fits(page, name, size)
        assert_no_barrier(page, name)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"{BRIGHTNESS} < 100")
        assert_no_barrier(page, f"{name} in the dark", contrast_only=True)
        page.emulate_media(color_scheme="light")


def test_a_key_without_a_place_does_nothing_while_one_draws_and_types_where_one_types(visit, house):
    """Streamlit runs a page again at "r" and asks whether to clear its cache at "c"."""
    server, _ = house
    page = visit().page
    page.goto(f"{server.url}/classify")
    canvas = page.get_by_role("img", name="Drawing area")
    expect(canvas).to_be_visible()
    page.wait_for_load_state("networkidle")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 100, steps=5)
    for key in "rc":
        page.keyboard.press(key)
    page.mouse.move(box["x"] + 60, box["y"] + 180, steps=5)
    page.mouse.up()
    expect(page.get_by_role("button", name="Clear", exact=True)).to_be_enabled()
    expect(page.locator(".answer").first).to_be_visible()
    ink = canvas.evaluate(INK)
    for key in "rc":
        page.keyboard.press(key)
    page.wait_for_load_state("networkidle")
    assert canvas.evaluate(INK) == ink > 0 and page.get_by_role("dialog").count() == 0
    go(page, f"{server.url}/runs")
    page.get_by_role("textbox", name="Search").press_sequentially("rc")
    expect(page.get_by_role("textbox", name="Search")).to_have_value("rc")
    expect(page.get_by_role("dialog")).to_have_count(0)
