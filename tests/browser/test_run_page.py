"""The page of a run that trains under real hands: its log, what it uses, and all else that moves with it."""

import json
import os
import re

import pytest
from playwright.sync_api import expect

from core.machine.processes import name_process
from core.runs.events import EventWriter
from core.runs.store import create_run
from core.training.layers import described
from core.workers.worker import work
from tests.browser.hands import DRAWN, choose, go, press, seen
from tests.browser.places import bottom
from tests.browser.trainings import without_workers
from tests.helpers import quick_config, wait_until
from tests.pages.fake_runs import fake_run, running, write_epoch, write_start

pytestmark = pytest.mark.browser


def test_a_page_opened_before_the_run_begins_has_all_of_it_then_and_its_log_moves(at, server):
    run = fake_run(server.runs, "starting")
    name_process(run.starting_mark, os.getpid())
    page = at(f"{server.url}/run?run={run.id}")
    parts = [page.get_by_role("heading", name="Take it with you"), page.get_by_text("Take its metrics elsewhere")]
    folds = page.get_by_text("Settings of this run"), page.get_by_text("Files of this run")
    network = page.get_by_text("The network", exact=True)
    for each in folds:
        expect(each).to_be_visible()
    for each in (*parts, network):
        expect(each).to_have_count(0)
    with running(run, done=5) as log:
        run.worker_pid.touch()
        name_process(run.worker_pid, os.getpid())
        for each in parts:
            expect(each).to_be_visible()
        expect(network).to_have_count(0)
        run.network.write_text(json.dumps(described(run.config().architecture, (1, 28, 28), 10)))
        expect(network).to_be_visible()
        page.get_by_text("Log", exact=True).click()
        box = page.get_by_role("log", name="What has happened")
        expect(box).to_contain_text("epoch 5 done")
        expect(page.locator(".facts", has_text="Uses now").get_by_text(" cores")).to_be_visible()
        write_epoch(log, 6)
        expect(box).to_contain_text("epoch 6 done")
        wait_until(lambda: abs(bottom(box.locator("pre")) - bottom(box)) < 4, what="it is scrolled to its end")
        for each in (*parts, *folds, network):
            expect(each).to_have_count(1)


def test_a_run_of_a_gpu_goes_on_here_and_is_looked_through_to_the_comparison(at, server, data_folder):
    away = create_run(quick_config(epochs=2, title="Twice", training={"device": "cuda:3"}), server.runs)
    log = EventWriter(away.event_log)
    write_start(log, away, 2)
    log.write("paused", message="Paused.")
    log.close()
    page = at(f"{server.url}/run?run={away.id}")
    device, there = page.get_by_role("combobox", name="Device"), page.get_by_role("button", name="Resume there")

    def resume() -> None:
        if not device.is_visible():
            page.get_by_role("button", name="On another device").click(timeout=3000)
        choose(page, "Device", "CPU", lambda: "CPU" in device.locator("..").inner_text() + device.input_value())
        there.click(timeout=3000)

    with without_workers(server.runs):
        press(resume, away.queue_place.exists)
        work(away, data_folder)
    expect(page.locator(".status.finished")).to_be_visible()
    assert away.config().training.device == "cpu"
    page.get_by_text("The best pictures of each class").click()
    best = page.get_by_role("group", name="Best pictures of each class").locator("figure")
    expect(best.first).to_be_visible()
    before = best.count()
    press(page.get_by_role("radio", name="3", exact=True), lambda: best.count() > before)
    again = create_run(away.config(), server.runs)
    with running(again, epochs=2, done=1) as log:
        log.write("stopped", message="Stopped.")
    go(page, f"{server.url}/compare?runs={away.id},{again.id}")
    rows = page.locator(".table").first.locator("tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_text("Latest only").click()
    expect(rows).to_have_count(1)
    expect(rows.locator("a")).to_have_attribute("href", f"run?run={again.id}")
    expect(page).to_have_url(re.compile("latest=true"))


CHANGE = """() => {  // one more element among the others, as a new line of figures is
    const line = document.createElement('i');
    document.querySelector('[data-testid=stMain] h1').parentElement.append(line);
    document.body.offsetHeight;
    line.remove();
    document.body.offsetHeight; }"""


def styled_again(page, change):
    """How many elements the browser works out the style of, for this change."""
    events, ended = [], []
    session = page.context.new_cdp_session(page)
    session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    session.on("Tracing.tracingComplete", lambda what: ended.append(what))
    session.send("Tracing.start", {"traceConfig": {"includedCategories": ["devtools.timeline"]}})
    page.evaluate(change)
    session.send("Tracing.end")
    wait_until(lambda: ended or page.wait_for_timeout(20), what="what the browser did is told")
    session.detach()
    return sum(event["args"].get("elementCount", 0) for event in events if event["name"] == "UpdateLayoutTree")


def test_a_change_on_a_page_is_no_reason_to_style_all_of_it_again(at, server):
    """What a rule says of what an element has within (`:has`) can make of each change one of thousands of elements."""
    run = fake_run(server.runs, "starting")
    with running(run):
        for address in ("", "train", "runs", "classify", f"run?run={run.id}"):
            page = at(f"{server.url}/{address}")
            seen(page, DRAWN)
            fewest = min(styled_again(page, CHANGE) for _ in range(5))  # the page may change by itself meanwhile
            assert fewest < page.locator("*").count() / 20, address
