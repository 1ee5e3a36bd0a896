"""Runs on several computers, by clicking: the others are their files, written by hand; what is resumed here really trains."""

import re
import subprocess
import sys
import threading

import pytest
from playwright.sync_api import expect

from core.runs.history import History
from core.runs.placement import Placement, placement_of, write_placement
from core.runs.queue import read_queued_run
from core.runs.store import create_run, find_run
from tests.browser.conftest import ROOT, serving
from tests.browser.hands import choose, press
from tests.computers import AN_HOUR, away, joined
from tests.helpers import quick_config, wait_until
from tests.pages.fake_runs import fake_run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def room(tmp_path_factory, data_folder):
    """A dashboard to which lab-3, which is away, and lab-4 have joined."""
    runs = tmp_path_factory.mktemp("computers") / "runs"
    runs.mkdir()
    away(runs, "lab-3")
    over = threading.Event()

    def be_heard_of():
        while not over.is_set():
            joined(runs, "lab-4")
            over.wait(2)

    threading.Thread(target=be_heard_of, daemon=True).start()
    with serving(runs, data_folder) as server:
        yield server
    over.set()


@pytest.fixture(scope="module")
def lost(room, data_folder):
    """A run that trained an epoch before its worker died, as if it had been on lab-3."""
    config = quick_config(title="Lost", epochs=3, training={"epoch_seconds": 1})
    run = create_run(config, room.runs)
    command = [sys.executable, "-m", "core.workers.worker", str(run.folder), "--data", str(data_folder)]
    worker = subprocess.Popen(command, cwd=ROOT)
    wait_until(lambda: run.last.is_file() and History(run).update().epochs)
    worker.kill()
    worker.wait()
    history = History(run).update()
    write_placement(run.folder, Placement("lab-3", 7, since=history.told - AN_HOUR, lost=history.told))
    return run


def opened(visit, room, page):
    window = visit().page
    window.goto(f"{room.url}/{page}")
    return window


def test_a_lost_run_is_waited_for_and_then_resumed_here(visit, room, lost):
    page = opened(visit, room, f"run?run={lost.id}")
    expect(page.get_by_text(re.compile(r"Lost the computer lab-3 .*at \d\d:\d\d; epoch [12] is here"))).to_be_visible()
    told = page.get_by_text("as soon as lab-3 is heard of again, the run goes on by itself")
    press(page.get_by_role("button", name="Wait for it"), told)
    assert placement_of(lost.folder).generation == 7
    press(page.get_by_role("button", name="Resume here"), page.get_by_text("lab-3 has lost the run"))
    expect(page.get_by_text("finished", exact=True)).to_be_visible()
    assert placement_of(lost.folder).computer == "" and placement_of(lost.folder).generation > 7
    events = [event["event"] for event in lost.events()[0]]
    assert "resumed" in events and events.count("started") == 1, "it went on from where it was"
    assert [epoch["epoch"] for epoch in History(lost).update().epochs] == [1, 2, 3]


def test_a_lost_run_is_resumed_elsewhere(visit, room):
    run = fake_run(room.runs, "interrupted")
    write_placement(run.folder, Placement("lab-3", 7, lost=1.0))
    page = opened(visit, room, f"run?run={run.id}")
    on_it = page.get_by_role("button", name="Resume on it")
    press(page.get_by_role("button", name="Resume elsewhere"), on_it)
    choose(page, "Computer", "lab-4")
    press(on_it, page.get_by_text("It waits for the computer lab-4 to take it."))
    assert placement_of(run.folder).computer == "lab-4"
    run.starting_mark.unlink()
    run.queue_place.unlink(missing_ok=True)


def test_a_run_that_was_paused_goes_on_on_another_computer(visit, room):
    run = fake_run(room.runs, "paused")
    page = opened(visit, room, f"run?run={run.id}")
    on_it = page.get_by_role("button", name="Resume on it")
    press(page.get_by_role("button", name="On another computer"), on_it)
    choose(page, "Computer", "lab-3 (not in touch)")
    press(on_it, page.get_by_text("Waiting for lab-3, which was heard of last"))
    assert read_queued_run(run).computer == "lab-3"
    run.queue_place.unlink()


def test_a_training_is_started_on_a_computer_moved_here_and_found_by_where_it_was(visit, room):
    source = create_run(quick_config(title="Moved"), room.runs)
    page = opened(visit, room, f"train?from={source.id}")
    choose(page, "Computer", "on lab-3 (not in touch)")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("Waiting for lab-3, which was heard of last")).to_be_visible()
    run = find_run(re.search(r"run=([\w-]+)", page.url)[1], room.runs)
    list_of_computers = page.get_by_role("combobox", name="Train it on")
    press(page.get_by_role("button", name="Computer", exact=True), list_of_computers)
    choose(page, "Train it on", "this computer", lambda: run.status().name != "queued")
    expect(page.get_by_text("finished", exact=True)).to_be_visible()
    write_placement(run.folder, Placement("lab-5", 1, settled=True))
    page.goto(f"{room.url}/runs")
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="lab-5")).to_have_count(1)
    choose(page, "Computer", "on lab-5", lambda: rows.count() == 2)  # the head, and this run
    expect(rows.filter(has_text="Moved")).to_have_count(1)
