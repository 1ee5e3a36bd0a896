"""The dashboard dies and comes back, runs wait for their turn, a worker is killed: seen by clicking in a real browser."""

import re
import signal
import tomllib

import pytest
from playwright.sync_api import expect

from core.runs.history import History
from core.runs.playback import Playback, ask_for_playback
from core.runs.queue import waiting
from core.runs.store import create_run, find_run
from core.workers.dispatch import set_cpu_runs
from tests.browser.conftest import ROOT, serving
from tests.browser.hands import go
from tests.faults.checks import assert_each_step_once, assert_whole
from tests.faults.conftest import supervisors, workers
from tests.helpers import closed_port, quick_config, wait_until

pytestmark = pytest.mark.browser
SECOND_EPOCH = 25  # a step of it


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    yield folder
    for entry in waiting(folder):
        entry.run.queue_place.unlink(missing_ok=True)
    for process in [*supervisors(folder), *workers(folder)]:
        process.kill()


def start(page, server, title, **training):
    """Starts a training by the form, filled from a run that holds these settings; its page is open then."""
    source = create_run(quick_config(title=title, training=training), server.runs)
    address = f"{server.url}/train?from={source.id}"
    page.goto(address) if page.url == "about:blank" else go(page, address)
    page.get_by_role("button", name="Start training").click()
    expect(page).to_have_url(re.compile(r"/run\?run="))
    return find_run(re.search(r"run=([\w-]+)", page.url)[1], server.runs)


def status(page, name):
    expect(page.get_by_text(name, exact=True).first).to_be_visible()


def steps(run):
    return len(History(run).update().steps)


def test_a_queue_outlives_its_dashboard_and_a_killed_worker(visit, runs, data_folder):
    """One journey, as each dashboard, worker and page costs seconds."""
    set_cpu_runs(runs, 1)
    port = closed_port()
    seen = visit()
    page = seen.page
    with serving(runs, data_folder, port=port) as server:
        first = start(page, server, "Survivor", epochs=600, epoch_seconds=1)
        status(page, "running")
        second = start(page, server, "Second", epochs=3)
        status(page, "queued")
        expect(page.get_by_text("It is the next one")).to_be_visible()
        expect(page.get_by_role("button", name="Run next")).to_be_disabled()
        assert second.status().name == "queued"
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(10)
        before = steps(first)
        wait_until(lambda: steps(first) > before + 5, what="it trains on without a dashboard")
    with serving(runs, data_folder, port=port) as server:
        page.reload()
        status(page, "queued")
        seen.errors.clear()  # the page said that its server was gone
        go(page, f"{server.url}/run?run={first.id}")
        expect(page.get_by_role("heading", name="Survivor")).to_be_visible()
        status(page, "running")
        ask_for_playback(second, Playback(until=SECOND_EPOCH))  # however slowly its page is drawn
        (worker,) = workers(runs)
        worker.kill()
        status(page, "interrupted")
        expect(page.get_by_role("button", name="Resume")).to_be_visible()

        go(page, f"{server.url}/run?run={second.id}")
        expect(page.get_by_role("heading", name="Second")).to_be_visible()
        status(page, "running")  # by itself, as the first has ended
        ask_for_playback(second, Playback())  # the rest at full speed
        status(page, "finished")
        page.close()  # before its server goes
    assert_whole(second)
    assert_each_step_once(first)


def test_no_message_refers_to_an_earlier_one():
    """A page that outlived a restart may not have it; seen once in five restarts of a busy computer."""
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["global"]["minCachedMessageSize"] >= 1e9
