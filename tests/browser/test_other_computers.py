"""A teacher adds the computers of a room, has a sweep spread over them, and loses one: real nodes, by clicking alone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.nodes.desk_process import PLACE, Place
from core.nodes.registry import nodes
from core.runs.history import History
from core.runs.placement import placement_of
from core.runs.store import create_run, list_runs
from core.settings.stored import write_stored
from core.workers.dispatch import set_cpu_runs
from tests.browser.conftest import serving
from tests.browser.hands import choose, go, press
from tests.browser.test_experiment import chosen_to_try
from tests.helpers import closed_port, quick_config, wait_until
from tests.room import Room

pytestmark = pytest.mark.browser
SOON = 120  # seconds: two computers import torch beside each other


@pytest.fixture(scope="module")
def school(tmp_path_factory, data_folder):
    """A dashboard for one training at a time, and a room whose computers are off; at the end nothing of it is left."""
    folder = tmp_path_factory.mktemp("school")
    runs = folder / "runs"
    (runs / PLACE).parent.mkdir(parents=True)
    write_stored(runs / PLACE, Place(port=closed_port()))  # not the usual one: other tests may run beside this one
    set_cpu_runs(runs, 1)
    room = Room(folder, runs, Path(data_folder))
    try:
        with serving(runs, data_folder) as server:
            yield server, room
    finally:
        room.close()


def owner(run):
    return placement_of(run.folder).computer


def epochs(run):
    return len(History(run).update().epochs)


def soon(condition, what):
    wait_until(condition, SOON, what, every=0.2)


def test_a_sweep_spreads_over_a_room_and_outlives_one_of_its_computers(visit, school, tmp_path):
    server, room = school
    page = visit().page
    page.goto(f"{server.url}/system")
    press(page.get_by_role("button", name="Add a computer"), page.get_by_role("button", name="Make a join file"))
    page.get_by_role("button", name="Make a join file").click()
    save = page.get_by_role("link", name="Save join-")
    with page.expect_download() as download:
        save.click()
    join = tmp_path / download.value.suggested_filename
    download.value.save_as(join)
    line = page.get_by_text("python -m core node").inner_text().split()
    assert line[-2:] == ["--join", join.name]
    for name in ("lab-1", "lab-2"):
        room.start(name, join, "--runs-at-once", "1", address=line[4])
    expect(page.get_by_text("2 other computers, in touch; no run trains there now.")).to_be_visible()
    assert {node.name for node in nodes(server.runs)} == {"lab-1", "lab-2"}

    slow = {"epoch_seconds": 1}  # three that train as fast as they can would take all of this computer
    source = create_run(quick_config(title="Tiny", epochs=2000, training=slow), server.runs)
    go(page, f"{server.url}/train?from={source.id}")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    page.wait_for_load_state("networkidle")
    chosen_to_try(page)
    page.get_by_role("textbox", name="Optimizer: Learning rate").fill("0.001, 0.002, 0.003")
    page.get_by_role("button", name="Start 3 runs").click()
    expect(page).to_have_url(re.compile(r"/experiment\?experiment="))
    runs = wait_until(lambda: [run for run in list_runs(server.runs) if run.id != source.id])
    go(page, f"{server.url}/lessons")  # which is not drawn anew all the time
    soon(lambda: {owner(run) for run in runs} == {"", "lab-1", "lab-2"}, "one run on each computer")
    [lost] = [run for run in runs if owner(run) == "lab-2"]
    [kept] = [run for run in runs if owner(run) == "lab-1"]
    soon(lambda: epochs(lost) >= 2 and lost.last.is_file(), "its epochs and its checkpoint come here")
    go(page, f"{server.url}/system")
    expect(page.get_by_text("2 other computers, in touch; 2 runs train there.")).to_be_visible()
    page.locator(".st-key-computer-lab-2").get_by_role("link").click()
    expect(page).to_have_url(f"{server.url}/run?run={lost.id}")

    room.computers[1].kill()
    expect(
        page.locator(".sentence", has_text=re.compile(r"Lost the computer lab-2 at \d\d:\d\d; epoch \d+ is here"))
    ).to_be_visible()
    had = placement_of(lost.folder).generation
    page.get_by_role("button", name="Wait for it").click()
    expect(page.get_by_text("as soon as lab-2 is heard of again")).to_be_visible()
    press(page.get_by_role("button", name="Resume elsewhere"), page.get_by_role("button", name="Resume on it"))
    choose(page, "Computer", "lab-1")
    page.get_by_role("button", name="Resume on it").click()
    expect(page.get_by_text("lab-2 has lost the run")).to_be_visible()
    expect(page.get_by_text("queued", exact=True).first).to_be_visible()  # lab-1 is at one already

    kept.request_stop()  # as its own page does
    go(page, f"{server.url}/lessons")
    soon(lambda: owner(lost) == "lab-1" and lost.status().name == "running", "it goes on on lab-1")
    before = epochs(lost)
    soon(lambda: epochs(lost) > before, "more of its epochs come here")
    assert placement_of(lost.folder).generation > had

    go(page, f"{server.url}/run?run={lost.id}")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("stopped", exact=True).first).to_be_visible()
    numbers = [epoch["epoch"] for epoch in History(lost).update().epochs]
    assert numbers == list(range(1, len(numbers) + 1)), "no epoch is missing and none is there twice"
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_role("button", name="Stop", exact=True).first.click()
    soon(lambda: not any(run.status().is_active for run in runs), "all have ended")
