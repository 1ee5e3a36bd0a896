"""What people see before they scroll: measured at the sizes of a projector, a laptop and a phone."""

import re

import numpy as np
import pytest
from filelock import FileLock
from playwright.sync_api import expect

from core.runs.events import EventWriter
from core.runs.snapshots import ProbeImages, Snapshot, SnapshotStore
from tests.browser.access import BRIGHTNESS, faults, unreadable_in_the_dark
from tests.browser.hands import barriers, go, press, seen
from tests.helpers import wait_until
from tests.pages.fake_runs import fake_run, running, write_epoch, write_start, write_test

pytestmark = pytest.mark.browser

PROJECTOR, LAPTOP, WIDE, PHONE = (
    {"width": width, "height": height} for width, height in ((1280, 720), (1440, 900), (1920, 1080), (390, 844))
)
SIZES = (PROJECTOR, LAPTOP)
MOST_MOVED = 8  # pixels
PARTS = {  # of the first screen of a run: which of those that fit the selector
    "title": ["h1", 0],
    "status": [".status", 0],
    "options": [".st-key-icon-curves button", 0],
    "loss": [".js-plotly-plot", 0],
    "accuracy": [".js-plotly-plot", 1],
    "coach": ["[class*='st-key-coach-']", 0],
    "pictures": [".st-key-probe-images", 0],
}
STILL = """async parts => {  // where each is that is there, if charts are drawn and nothing moves
    if ([...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.dataset.draws).length < 2) return null;
    const frames = () => new Promise(next => requestAnimationFrame(() => requestAnimationFrame(next)));
    const measured = async () => (await frames(), Object.fromEntries(Object.entries(parts)
        .map(([name, [where, place]]) => [name, document.querySelectorAll(where)[place]?.getBoundingClientRect()])
        .filter(([_, box]) => box?.height).map(([name, box]) => [name, box.toJSON()])));
    const [before, after] = [await measured(), await measured()];
    return JSON.stringify(before) === JSON.stringify(after) ? after : null; }"""
WRONG = (2, 7)  # places of probe images that the network errs on
IN_PEACE = """(() => {  // Plotly takes clicks that come soon after each other for one row of clicks
    const chart = document.querySelector('.js-plotly-plot');
    return Date.now() - chart._mouseDownTime > chart._context.doubleClickDelay; })()"""
TOPS = "all => [...new Set(all.map(each => each.getBoundingClientRect().top))]"
CROSSES = """() => [...document.querySelectorAll('.gallery *')]
    .filter(part => getComputedStyle(part, '::before').content.includes('\u2717')).length"""


def places(page, size=None) -> dict[str, dict]:
    """Where the parts are, as soon as they stand still; at another size of the window, if one is given."""
    if size:
        page.set_viewport_size(size)
    return wait_until(lambda: page.evaluate(STILL, PARTS), what="all stands still", every=0.05)


def at_each_size(page) -> list[dict[str, dict]]:
    return [places(page, size) for size in SIZES]


def how_far(before: dict[str, dict], now: dict[str, dict]) -> dict[str, float]:
    """Pixels by which a corner of each part moved; a title's right one is where the buttons begin."""
    sides = {name: ("x", "y", "height") if name == "title" else ("x", "y", "height", "width") for name in before}
    return {name: max(abs(now[name][side] - box[side]) for side in sides[name]) for name, box in before.items()}


def keep_probe_images(run) -> None:
    """Twelve pictures and what the network said of them after two epochs."""
    store, labels = SnapshotStore(run), np.arange(12) % 10
    store.write_probe_images(ProbeImages(np.full((12, 8, 8, 1), 90, np.uint8), labels))
    said = np.eye(10, dtype=np.float32)[labels]
    said[list(WRONG)] = np.eye(10, dtype=np.float32)[0]
    store.write(Snapshot(2, said, np.eye(10, dtype=np.int64), None), 6, True)


@pytest.mark.parametrize("view", ["", "&view=presenter"], ids=["usual", "presenter"])
def test_a_run_shows_its_curves_first_and_all_keeps_its_place(at, server, view):
    run = fake_run(server.runs, "starting")
    keep_probe_images(run)
    with running(run) as log:
        page = at(f"{server.url}/run?run={run.id}{view}", PROJECTOR)
        expect(page.locator(".status.running")).to_contain_text("2 of 6")
        figures = page.locator(".gallery.row figure")
        expect(figures).to_have_count(12)
        before = at_each_size(page)
        wait_until(
            lambda: page.evaluate(CROSSES) == len(WRONG),
            what="one cross under each picture that it errs on, nowhere else",
        )
        aloud = page.locator(".st-key-announce-run").get_by_role("status")
        expect(aloud).to_have_text("")  # of what moves nothing is said
        log.write("paused", message="Paused by request at step 40 of 120; it goes on from there when you resume it.")
    expect(page.locator(".status.paused")).to_contain_text("step 40 of 120")
    expect(aloud).to_have_text(re.compile("^Training paused. Paused by request at step 40"))
    paused = at_each_size(page)
    with FileLock(run.worker_lock):
        log = EventWriter(run.event_log)
        write_start(log, run, 3, "resumed", step=40, epoch=2)
        write_epoch(log, 3)
        write_test(log, run, 3)
        log.write("finished", message="Done.")
        log.close()
    expect(page.locator(".status.finished")).to_contain_text("96.8\u202f% of 93 test pictures")
    expect(aloud).to_have_text("Training finished. 96.8\u202f% of 93 test pictures are right.")
    for size, first, then in zip(SIZES, before, paused, strict=True):
        for now in (then, places(page, size)):
            moved = how_far(first, now)
            assert max(moved.values()) <= MOST_MOVED, (size, moved)
        for name in ("title", "status", "loss", "accuracy", "coach"):
            assert first[name]["y"] >= 0 and first[name]["y"] + first[name]["height"] <= size["height"], (name, first)
        assert first["loss"]["height"] >= 0.44 * size["height"] and first["loss"]["y"] == first["accuracy"]["y"]
        rem = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
        assert first["status"]["height"] < 3 * rem, "one thin line"
        (top,) = figures.evaluate_all(TOPS)  # in one row
        if not view:
            assert top + first["pictures"]["height"] <= size["height"], "seen without scrolling"
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0


def test_the_other_states_of_a_run_have_the_same_places(at, server):
    expected: dict[str, dict] = {}
    for status in ("finished", "queued", "starting", "stopped", "failed", "interrupted"):
        run = fake_run(server.runs, status)
        with FileLock(
            server.runs / ".traindesk" / "supervisor.lock"
        ):  # whoever waits, waits on: somebody seems to serve
            page = at(f"{server.url}/run?run={run.id}", PROJECTOR)
            expect(page.locator(f".status.{status}")).to_be_visible()
            found = places(page)
        run.queue_place.unlink(missing_ok=True)
        found.pop("pictures", None)  # of a run that is on its way their place is kept
        expected = expected or found
        moved = how_far(expected, found)
        assert max(moved.values()) <= MOST_MOVED, (status, moved)


def test_the_presenter_view_lives_in_the_address(at, server):
    run = fake_run(server.runs, "finished")
    page = at(f"{server.url}/runs", PROJECTOR)
    header = page.locator(".st-key-header")
    leave = page.get_by_role("button", name="Leave the presenter view")
    press(page.get_by_role("button", name="Presenter view: large type"), leave)
    expect(page).to_have_url(re.compile("view=presenter"))
    expect(header).to_have_count(0)
    go(page, f"{server.url}/run?run={run.id}&view=presenter")
    size = "document.querySelector('.js-plotly-plot').getBoundingClientRect().height"
    page.wait_for_function("document.querySelector('.js-plotly-plot')._fullLayout.font.size > 13")  # pixels elsewhere
    high, font = seen(page, size), seen(page, "document.querySelector('.js-plotly-plot')._fullLayout.font.size")
    page.reload()
    again = page.get_by_role("button", name="Train again with changes")
    press(again, lambda: re.search(r"/train\?.*view=presenter", page.url))
    expect(page.get_by_text("The form below holds the settings of Handwritten digits.")).to_be_visible()
    expect(header).to_have_count(0)
    page.go_back()
    expect(again).to_be_visible()  # the form's own button to leave that view stands there until the run's page comes
    press(leave, header)
    page.wait_for_function("!location.search.includes('view=')")
    assert f"run={run.id}" in page.url
    page.wait_for_function(f"document.querySelector('.js-plotly-plot')._fullLayout.font.size < {font}")
    wait_until(lambda: seen(page, size) < high, what="charts and their type are larger for a room")


TITLES_AND_LEGENDS = """() => [...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.querySelector('.legend'))
    .map(plot => ['.gtitle', '.legend', '.nsewdrag'].map(part => plot.querySelector(part).getBoundingClientRect().toJSON()))"""


def test_a_legend_stands_beside_or_below_the_title_of_its_chart(at, server):
    run = fake_run(server.runs, "starting")
    log = EventWriter(run.event_log)
    write_start(log, run, 3)
    measured = {"images": 50, "seconds": 0.1, "val/loss": 1.0, "val/accuracy": 0.5}
    log.write("validation", epoch=1, step=10, **measured)  # of a part of the pictures: one more entry, the longest
    write_epoch(log, 1)
    log.write("paused", message="Paused.")
    write_start(log, run, 3, "resumed", step=20, epoch=1)
    write_epoch(log, 2)
    log.write("stopped", message="Stopped.")
    log.close()
    for size, view in ((PHONE, ""), (LAPTOP, ""), (PROJECTOR, "&view=presenter")):
        page = at(f"{server.url}/run?run={run.id}{view}", size)
        places(page)
        charts = seen(page, TITLES_AND_LEGENDS)
        assert len(charts) == 2
        for title, legend, area in charts:
            beside = legend["left"] >= title["right"]
            assert beside or legend["top"] >= title["bottom"], (title, legend)
            assert legend["bottom"] <= area["top"] + 1 and title["top"] >= 0
            assert legend["right"] <= size["width"]
        assert len({area["height"] for _, _, area in charts}) == 1, "charts side by side are alike"
        for chart in page.locator(".js-plotly-plot:has(.legend)").all():
            expect(chart.locator(".annotation", has_text="resumed")).to_have_count(1)


def test_one_spike_does_not_flatten_the_loss_and_all_of_it_is_a_double_click_away(at, server):
    run = fake_run(server.runs, "starting")
    with FileLock(run.worker_lock):
        log = EventWriter(run.event_log)
        write_start(log, run, 6)
        for epoch in (1, 2, 3):
            write_epoch(log, epoch)
        log.write("step", epoch=4, step=61, images_per_second=900.0, learning_rate=0.001, **{"train/loss": 250.0})
        write_epoch(log, 4)
        log.write("step", epoch=5, step=81, images_per_second=900.0, learning_rate=0.001, **{"train/loss": 0.0})
        log.write("paused", message="Paused.")
        log.close()
    page = at(f"{server.url}/run?run={run.id}")
    top = "document.querySelector('.js-plotly-plot')?._fullLayout?.yaxis.range[1]"
    page.wait_for_function(f"{top} < 5")
    said = page.locator(".js-plotly-plot").first.locator(".annotation")
    expect(said).to_contain_text("1 point up to 250")
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    plot.dblclick()
    page.wait_for_function(f"{top} > 250")
    page.wait_for_function(IN_PEACE)
    plot.dblclick()
    page.wait_for_function(f"{top} < 5")
    page.wait_for_function(IN_PEACE)
    said.click()
    page.wait_for_function(f"{top} > 250")
    page.get_by_role("button", name="Chart options").click()
    page.get_by_text("Logarithmic loss").click()
    page.wait_for_function("document.querySelector('.js-plotly-plot')._fullLayout.yaxis.type === 'log'")
    expect(said).to_have_text(["1 point at 0 is left out: a logarithmic axis has no 0"])

    other = fake_run(server.runs, "finished")
    go(page, f"{server.url}/compare?runs={run.id},{other.id}&metric=train/loss")
    expect(said).to_contain_text("1 point up to 250")
    page.wait_for_function(f"{top} < 5")


def test_a_corrected_learning_rate_leaves_one_sentence(at, server):
    run = fake_run(server.runs, "starting")
    with running(run):
        page = at(f"{server.url}/run?run={run.id}")
        page.get_by_role("button", name="Learning rate").click()
        field = page.get_by_role("textbox", name="Learning rate from the next step on")
        apply = page.get_by_role("button", name="Apply")
        expect(page.get_by_text(re.compile(f"^Now {run.config().optimizer.learning_rate}"))).to_have_count(1)
        field.fill("fast")
        apply.click()
        expect(page.get_by_text("must be a number above 0")).to_be_visible()
        expect(page.get_by_text(re.compile("^Now "))).to_have_count(0)
        field.fill("0.001")
        apply.click()
        expect(page.get_by_text("It changes with the next step.")).to_have_count(1)
        assert float(run.learning_rate_request.read_text()) == 0.001
        run.learning_rate_request.unlink()
        with_change = EventWriter(run.event_log)
        with_change.write("learning_rate", step=40, learning_rate=0.001)
        with_change.close()
        expect(page.get_by_text(re.compile("^Now 0.001"))).to_have_count(1)
        expect(page.get_by_text(re.compile("^Now "))).to_have_count(1)


def test_what_opens_on_the_first_screen_of_a_run_has_no_barriers(at, server):
    run = fake_run(server.runs, "finished")
    keep_probe_images(run)
    page = at(f"{server.url}/run?run={run.id}")
    places(page)
    page.get_by_role("button", name="Chart options").click()
    expect(page.get_by_text("Logarithmic loss")).to_be_visible()
    no_barriers_by_day_and_night(page, "[data-testid=stPopoverBody]")
    page.keyboard.press("Escape")
    loss = page.locator(".js-plotly-plot").first
    said = page.locator(f"#{loss.get_attribute('aria-describedby')}").inner_text()
    assert re.match("Training .* to .*; validation .* to .*\\. The best epoch is 3\\.$", said), said
    press(page.get_by_role("button", name="Table").first, page.get_by_role("dialog", name="Loss"))
    expect(page.get_by_role("dialog", name="Loss").get_by_role("row")).to_have_count(1 + 3)
    expect(page.get_by_role("dialog", name="Loss").get_by_text(said)).to_be_visible()
    no_barriers_by_day_and_night(page, "[popover]:popover-open")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog", name="Loss")).to_be_hidden()
    go(page, f"{server.url}/run?run={run.id}&view=presenter")
    places(page)
    assert barriers(page) == [] and faults(page) == [] and unreadable_in_the_dark(page) == []


def no_barriers_by_day_and_night(page, part) -> None:
    """The rest of the page is looked at in test_every_page.py."""
    assert faults(page) == []
    for theme, there in (("dark", "< 100"), ("light", "> 200")):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"{BRIGHTNESS} {there}")
        assert barriers(page, part, contrast_only=theme == "dark") == [], theme
