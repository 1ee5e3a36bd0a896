"""The Computer page, the computers that joined, known by the files that the desk writes of them, and a run that moves."""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import time
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from core.nodes.desk_process import desk_is_alive, desk_place, joins
from core.nodes.registry import HERE, Node, nodes, takes_no_runs, write_node
from core.runs.history import History
from core.runs.placement import Placement, placement_of, write_placement
from core.runs.queue import read_queued_run
from core.runs.store import create_run, find_run
from core.workers.worker import work
from tests.browser.access import unreadable_in_the_dark
from tests.browser.conftest import serving
from tests.browser.hands import barriers, choose, press
from tests.browser.test_every_page import PHONE, PROJECTOR, assert_fits
from tests.browser.trainings import without_workers
from tests.computers import AN_HOUR, away
from tests.helpers import quick_config, wait_until
from tests.pages.fake_runs import fake_run

pytestmark = pytest.mark.browser
GB = 10**9


class Room:
    """Computers that are heard of every second as long as they are `on`."""

    def __init__(self, runs):
        self.runs = runs
        self.on: dict[str, Node] = {}
        self._over = threading.Event()

    def join(self, name, **facts):
        """A computer comes in."""
        now = time.time()
        self.on[name] = Node(
            name, "192.168.1.21", now, now, "Windows 11", 8, 16 * GB, 11 * GB, 230 * GB, **{"cpu_runs": 2, **facts}
        )
        self.speak()

    def speak(self):
        for node in list(self.on.values()):
            write_node(self.runs, replace(node, seen=time.time()))

    @contextlib.contextmanager
    def speaking(self):
        thread = threading.Thread(target=self._go_on, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _go_on(self):
        while not self._over.wait(1):
            self.speak()


@pytest.fixture(scope="module")
def room(tmp_path_factory, data_folder):
    """A dashboard and the computers of its room; at the end none of its processes is left."""
    runs = tmp_path_factory.mktemp("computers") / "runs"
    runs.mkdir()
    with serving(runs, data_folder) as server, Room(runs).speaking() as room:
        yield server, room
    if desk_is_alive(runs):
        os.kill(desk_place(runs).pid, signal.SIGTERM)
        wait_until(lambda: not desk_is_alive(runs), what="the desk ends")


def card(page, name):
    return page.locator(f".st-key-computer-{name}")


def test_computers_come_and_go_while_the_page_is_open(at, room):
    server, room = room
    page = at(f"{server.url}/system")
    expect(page.get_by_text("All runs train on this computer.")).to_be_visible()
    expect(page.get_by_role("button", name="No new runs here")).to_have_count(0)

    run = fake_run(server.runs, "paused")
    write_placement(run.folder, Placement("lab-1", 1, time.time()))
    room.join("lab-1", gpus=["NVIDIA RTX 4090"], speed=2.5, runs=[run.id])
    room.join("lab-2", problem="The disk of lab-2 is full, so its runs pause; free space there.")
    expect(card(page, "lab-1")).to_contain_text("in touch")
    expect(card(page, "lab-1")).to_contain_text("2.5 ×")
    expect(card(page, "lab-2")).to_contain_text("The disk of lab-2 is full")
    expect(page.get_by_text("2 other computers, in touch; 1 run trains there.")).to_be_visible()

    off = room.on.pop("lab-2")
    write_node(server.runs, replace(off, seen=time.time() - 60))
    expect(card(page, "lab-2")).to_contain_text("not heard of since today")
    room.join("lab-2")
    expect(card(page, "lab-2")).to_contain_text("in touch")

    card(page, "lab-1").get_by_role("button", name="No new runs here").click()
    expect(card(page, "lab-1")).to_contain_text("takes no new runs")
    assert takes_no_runs(server.runs, "lab-1") and not takes_no_runs(server.runs, "lab-2")
    card(page, "lab-1").get_by_role("button", name="New runs here again").click()
    expect(card(page, "lab-1").get_by_role("button", name="No new runs here")).to_be_visible()
    assert not takes_no_runs(server.runs, "lab-1")

    sure = page.get_by_role("button", name="Yes, remove it")
    press(card(page, "lab-1").get_by_role("button", name="Remove"), sure)
    expect(page.get_by_text("1 run trains there: what has arrived here stays")).to_be_visible()
    assert len(nodes(server.runs)) == 2
    sure.click()
    expect(card(page, "lab-1")).to_have_count(0)
    assert [node.name for node in nodes(server.runs)] == ["lab-2"]
    room.on.pop("lab-1")

    run = fake_run(server.runs, "paused")
    room.join("lab-2", runs=[run.id])
    card(page, "lab-2").get_by_role("link").click()
    expect(page).to_have_url(f"{server.url}/run?run={run.id}")
    on_it = page.get_by_role("button", name="Resume on it")
    press(page.get_by_role("button", name="On another computer"), on_it)
    choose(page, "Computer", "lab-2")
    press(on_it, run.queue_place.exists)
    assert read_queued_run(run).computer == "lab-2"
    run.queue_place.unlink()


def test_a_join_file_is_made_saved_and_revoked(at, room):
    server, _ = room
    page = at(f"{server.url}/system")
    opened = page.get_by_role("button", name="Make a join file")
    press(page.get_by_role("button", name="Add a computer"), opened)
    assert not desk_is_alive(server.runs), "looking opens nothing"
    opened.click()
    save = page.get_by_role("link", name="Save join-")
    expect(save).to_be_visible()
    [join] = joins(server.runs)
    with page.expect_download() as download:
        save.click()
    said = json.loads(download.value.path().read_text())
    assert download.value.suggested_filename == f"join-{join.id}.tdk"
    port = desk_place(server.runs).port
    assert said["addresses"][0].endswith(f":{port}") and "PRIVATE KEY" in said["key"]
    expect(page.get_by_text(f"python -m core node {said['addresses'][0]} --join join-{join.id}.tdk")).to_be_visible()
    expect(page.get_by_text(f"which listens at port {port}")).to_be_visible()
    assert desk_is_alive(server.runs)
    with socket.create_connection(("127.0.0.1", port), 5):
        """It listens now, and not before."""

    for size in (PROJECTOR, PHONE):
        page.set_viewport_size(size)
        assert_fits(page, "system", size)
    assert barriers(page) == [] and unreadable_in_the_dark(page) == []
    page.emulate_media(color_scheme="light")

    page.get_by_role("button", name="Revoke").click()
    expect(save).to_have_count(0)
    assert joins(server.runs) == []
    press(page.get_by_role("button", name="Close"), page.get_by_role("button", name="Add a computer"))
    expect(page.get_by_role("button", name="Make a join file")).to_have_count(0)


def trained_until_a_checkpoint(run, data_folder):
    """As by a worker that is killed then: no word of an end."""

    def end(event):
        if event["event"] == "step" and event["epoch"] == 2:
            wait_until(run.last.is_file, what="what was saved after the first epoch is there")
            raise SystemExit

    with pytest.raises(SystemExit):
        work(run, data_folder, end)
    assert run.status().name == "interrupted" and len(History(run).update().epochs) == 1


def test_a_run_waits_for_a_computer_moves_here_goes_on_after_a_loss_and_is_found_by_where_it_was(at, room, data_folder):
    server, _ = room
    away(server.runs, "lab-3")
    source = create_run(quick_config(title="Moved", epochs=3), server.runs)
    page = at(f"{server.url}/train?from={source.id}")
    choose(page, "Computer", "on lab-3 (not in touch)")
    with without_workers(server.runs):  # from the start: whoever serves the queue does so as long as the run waits
        page.get_by_role("button", name="Start training").click()
        expect(page.get_by_text("Waiting for lab-3, which was heard of last")).to_be_visible()
        run = find_run(re.search(r"run=([\w-]+)", page.url)[1], server.runs)
        press(page.get_by_role("button", name="Computer", exact=True), page.get_by_role("combobox", name="Train it on"))
        choose(page, "Train it on", "this computer", lambda: read_queued_run(run).computer == HERE)
        trained_until_a_checkpoint(run, data_folder)
    history = History(run).update()

    write_placement(
        run.folder, Placement("lab-3", 7, since=history.told - AN_HOUR, lost=history.told)
    )  # as if it was there
    expect(page.get_by_text(re.compile(r"Lost the computer lab-3 .*at \d\d:\d\d; epoch 1 is here"))).to_be_visible()
    told = page.get_by_text("as soon as lab-3 is heard of again, the run goes on by itself")
    press(page.get_by_role("button", name="Wait for it"), told)
    assert placement_of(run.folder).generation == 7
    with without_workers(server.runs):
        press(page.get_by_role("button", name="Resume here"), page.get_by_text("lab-3 has lost the run"))
        wait_until(run.queue_place.exists, what="it is to go on")
        work(run, data_folder)
    expect(page.get_by_text("finished", exact=True)).to_be_visible()
    assert placement_of(run.folder).computer == "" and placement_of(run.folder).generation > 7
    events = [event["event"] for event in run.events()[0]]
    assert "resumed" in events and events.count("started") == 1, "it went on from where it was"
    assert [epoch["epoch"] for epoch in History(run).update().epochs] == [1, 2, 3]

    write_placement(run.folder, Placement("lab-5", 1, settled=True))
    page.get_by_role("link", name="Runs", exact=True).click()
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="lab-5")).to_have_count(1)
    choose(page, "Computer", "on lab-5", lambda: rows.count() == 2)  # the head, and this run
    expect(rows.filter(has_text="Moved")).to_have_count(1)
