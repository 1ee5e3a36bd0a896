"""The scripts of components, called as Streamlit calls them on a busy computer: states out of their order, ends of what stays or
is not ready yet."""

from pathlib import Path

import pytest

from pages.components import data
from pages.components.shell.widgets import in_order
from tests.browser.hands import seen

pytestmark = pytest.mark.browser
SHOTS = Path(data.__file__).parent / "shots.js"
SCRIPT = """export default function ({ data }) {
    window.said.push(`draw ${data}`);
    return () => window.said.push(`end ${data}`); }"""
ONTO_A_PAGE = """async (script) => {
    const { default: drawn } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
    const parentElement = document.body.appendChild(document.createElement("div"));
    Object.assign(window, { parentElement, said: [], ends: {} });
    window.state = (data) => { window.ends[data] = drawn({ parentElement, data }); }; }"""
BOOTH = """() => {  // a camera that someone has to allow first
    parentElement.innerHTML = "<div class=booth><video></video><p class=said></p><button></button></div>";
    const stream = document.createElement("canvas").captureStream();
    const asked = new Promise(allow => { window.allow = () => allow(stream); });
    Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: () => asked } });
    window.camera = stream.getTracks()[0]; }"""


@pytest.fixture
def onto_a_page(window):
    def put(script):
        window.page.goto("about:blank")
        window.page.evaluate(ONTO_A_PAGE, in_order(script))
        return window.page

    return put


@pytest.fixture
def page(onto_a_page):
    return onto_a_page(SCRIPT)


def said(page, count):
    return seen(page, f"window.said.length >= {count} && window.said")


def after(page, count, *steps):
    page.evaluate(f"() => {{ {'; '.join(steps)} }}")
    return said(page, count)


def test_the_newest_state_is_shown_also_where_an_older_one_comes_after_it(page):
    assert after(page, 3, "state(4)", "state(3)", "ends[3]()") == ["draw 4", "draw 3", "draw 4"]
    assert after(page, 4, "state(5)")[3:] == ["draw 5"]


def test_several_that_come_late_leave_the_newest(page):
    assert after(page, 4, "state(4)", "state(1)", "state(3)", "ends[1]()", "ends[3]()")[-1] == "draw 4"


def test_one_that_was_overtaken_is_not_ended_while_the_component_stays(page):
    assert after(page, 2, "state(1)", "ends[1]()", "state(2)") == ["draw 1", "draw 2"]
    page.evaluate("new Promise(done => setTimeout(done))")
    assert said(page, 2) == ["draw 1", "draw 2"], "nothing is drawn once more"


def test_what_was_drawn_last_is_ended_once_when_it_is_gone(page):
    steps = (
        "state(1)",
        "state(3)",
        "state(2)",
        "ends[2]()",
        "setTimeout(() => { parentElement.remove(); ends[3](); }, 1)",
    )
    assert after(page, 5, *steps)[-2:] == ["draw 3", "end 3"]


def test_a_camera_that_is_allowed_when_its_page_was_left_is_let_go(onto_a_page):
    page = onto_a_page(SHOTS.read_text(encoding="utf-8"))
    page.evaluate(BOOTH)
    page.evaluate("() => { state(1); parentElement.remove(); ends[1](); allow(); }")
    page.wait_for_function("camera.readyState === 'ended'")
