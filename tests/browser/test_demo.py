"""The demo as a room sees it: it is one thing, whoever opens it and however often; and at its end both answer what is drawn."""

import re
from functools import partial

import pytest
from playwright.sync_api import expect

from core import demo
from core.runs.store import list_runs
from core.workers import dispatch
from core.workers.worker import work
from tests.browser.access import unreadable_in_the_dark
from tests.browser.hands import barriers, draw_with_mouse, press, seen
from tests.helpers import quick_config, wait_until

pytestmark = pytest.mark.browser
PROJECTOR = {"width": 1280, "height": 720}
watched = partial(wait_until, every=0.2)  # whoever looks all the time keeps the page busy
AXES = """(() => { const layout = document.querySelector('.js-plotly-plot')?._fullLayout;
    return layout && [layout.xaxis.range, layout.yaxis.range] })()"""


@pytest.fixture(autouse=True)
def no_demo_is_left(server):
    yield
    demo.remove(server.runs)


def shares(page) -> list[float]:
    """How far each is, read at one moment: the page draws them anew while one looks."""
    return page.locator(".learning").evaluate_all("bars => bars.map(bar => Number(bar.getAttribute('aria-valuenow')))")


def reset(page) -> None:
    sure = page.get_by_role("button", name="Yes, reset it")
    press(page.get_by_role("button", name="Reset the demo"), sure)
    press(sure, page.get_by_role("button", name=re.compile("Start the 60-second demo")))


def inside(page, locator) -> None:
    """Wholly visible without scrolling; what is drawn anew at this very moment has no place yet."""

    def seen():
        box = locator.bounding_box()
        return box and box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]

    watched(seen, what=str(locator))


def test_the_demo_is_found_as_it_is_by_whoever_comes(visit, server):
    before = list_runs(server.runs)
    page = visit(viewport=PROJECTOR).page
    page.goto(server.url)
    page.get_by_role("button", name="Start the 60-second demo").click()
    page.wait_for_url("**/demo*")
    page.wait_for_function(AXES)
    axes = seen(page, AXES)
    assert axes == [[0, demo.EPOCHS], [0, 100]], "in per cent, before the first point"
    watched(lambda: min(shares(page) or [0]) >= 2, what="both learn")
    runs = set(list_runs(server.runs)) - set(before)
    assert len(runs) == 2

    done = shares(page)
    page.reload()
    watched(lambda: len(shares(page)) == 2 and min(shares(page)) >= min(done), what="a reload finds it as it is")
    second = visit(viewport=PROJECTOR).page  # another browser: no cookie in common
    second.goto(f"{server.url}/demo?view=presenter")
    watched(lambda: len(shares(second)) == 2 and min(shares(second)) >= min(done), what="so does a second visitor")
    for title in demo.TITLES:
        expect(second.locator(".learner", has_text=title)).to_be_visible()
    for part in (".told", ".js-plotly-plot"):
        inside(second, second.locator(part))
    for pictures in second.locator(".demopictures").all():
        inside(second, pictures)
    left, right = shares(second)
    assert abs(left - right) <= 10, "they learn in step"

    page.get_by_role("link", name="Home", exact=True).click()
    expect(page.get_by_text("A demo runs already")).to_be_visible()
    expect(page.get_by_role("button", name="Start the 60-second demo")).to_have_count(0)
    page.get_by_role("link", name="Watch the demo that runs").click()
    watched(lambda: len(shares(page)) == 2 and min(shares(page)) >= min(done))
    page.go_back()
    expect(page.get_by_text("A demo runs already")).to_be_visible()
    page.go_forward()
    watched(lambda: len(shares(page)) == 2 and min(shares(page)) >= min(done))
    watched(lambda: seen(page, AXES) == axes)
    assert set(list_runs(server.runs)) - set(before) == runs

    reset(page)
    expect(page.get_by_role("button", name="Start the 60-second demo")).to_be_visible()
    assert list_runs(server.runs) == before


def test_it_ends_on_a_canvas_that_both_answer(visit, server, data_folder, monkeypatch):
    """A demo of a moment, trained here."""
    monkeypatch.setattr(dispatch, "launch", lambda run, data: run.starting_mark.touch())
    monkeypatch.setattr(dispatch, "start_detached", lambda *_, **__: None)
    monkeypatch.setattr(demo, "learn_in_step", lambda run, other: None)  # they train one after the other here
    monkeypatch.setattr(demo, "configs", lambda: [quick_config(title=f"Demo: {title}") for title in demo.TITLES])
    runs = demo.start_demo(server.runs, data_folder, "me")
    for run in runs:
        run.starting_mark.unlink()
        run.queue_place.unlink(missing_ok=True)
        assert work(run, data_folder)["event"] == "finished"
    page = visit(viewport=PROJECTOR).page
    page.goto(f"{server.url}/demo?view=presenter")
    canvas = page.get_by_role("img", name="Drawing area")
    canvas.wait_for()
    expect(page.locator(".told")).to_contain_text("kept away from both until now")
    draw_with_mouse(page, 7)
    expect(page.locator(".bars .winner")).to_have_count(2)
    for part in (page.locator(".told"), canvas, *page.locator("p.answer").all(), *page.locator(".bars .winner").all()):
        inside(page, part)
    for title in demo.TITLES:
        expect(page.get_by_text(title, exact=True).first).to_be_visible()
    assert barriers(page) == [] and unreadable_in_the_dark(page) == []
    page.reload()
    expect(page.locator(".told")).to_contain_text("kept away from both until now")
    reset(page)
    expect(page.get_by_role("button", name=re.compile("Start the 60-second demo"))).to_be_visible()
    assert not {run.id for run in runs} & {run.id for run in list_runs(server.runs)}
