"""The dashboard dies and comes back, runs wait for their turn, a worker is killed: seen by clicking in a real browser."""

import re
import signal
import tomllib

import pytest
from playwright.sync_api import expect

from core.runs.history import History
from core.runs.queue import waiting
from core.runs.store import create_run, find_run, list_runs
from core.workers.dispatch import set_cpu_runs
from tests.browser.conftest import ROOT, serving
from tests.browser.hands import press
from tests.faults.checks import assert_whole
from tests.faults.conftest import supervisors, workers
from tests.helpers import closed_port, quick_config, wait_until

pytestmark = pytest.mark.browser


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
    page.goto(f"{server.url}/train?from={source.id}")
    page.get_by_role("button", name="Start training").click()
    expect(page).to_have_url(re.compile(r"/run\?run="))
    return find_run(re.search(r"run=([\w-]+)", page.url)[1], server.runs)


def status(page, name):
    expect(page.get_by_text(name, exact=True).first).to_be_visible()


def steps(run):
    return len(History(run).update().steps)


def test_the_dashboard_is_killed_and_comes_back_and_the_run_never_notices(visit, runs, data_folder):
    port = closed_port()
    seen = visit()
    with serving(runs, data_folder, port=port) as server:
        run = start(seen.page, server, "Survivor", epochs=600, epoch_seconds=1)
        status(seen.page, "running")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(10)
        before = steps(run)
        wait_until(lambda: steps(run) > before + 5, what="it trains on without a dashboard")
        seen.errors.clear()  # the page says that its server is gone
    with serving(runs, data_folder, port=port) as server:
        again = visit()
        again.page.goto(f"{server.url}/run?run={run.id}")
        status(again.page, "running")
        expect(again.page.get_by_role("heading", name="Survivor")).to_be_visible()
        seen.page.reload()
        status(seen.page, "running")
        press(
            again.page.get_by_role("button", name="Stop", exact=True),
            again.page.get_by_text("stopped", exact=True).first,
        )
        status(seen.page, "stopped")  # the other window too
        seen.errors.clear()
    wait_until(lambda: not workers(runs))


def test_the_second_run_waits_and_says_so_and_starts_when_the_first_is_stopped(visit, runs, data_folder):
    set_cpu_runs(runs, 1)
    with serving(runs, data_folder) as server:
        first, second = visit().page, visit().page
        start(first, server, "First", epochs=600, epoch_seconds=1)
        status(first, "running")
        waits = start(second, server, "Second", epochs=2, epoch_seconds=1)
        status(second, "queued")
        expect(second.get_by_text("It is the next one")).to_be_visible()
        expect(second.get_by_role("button", name="Run next")).to_be_disabled()
        assert waits.status().name == "queued"
        first.close()
        second.close()
    # no dashboard is open now
    with serving(runs, data_folder) as server:
        page = visit().page
        page.goto(f"{server.url}/run?run={waits.id}")
        status(page, "queued")
        at_work = next(run for run in list_runs(runs) if run.status().name == "running")
        at_work.request_stop()
        status(page, "finished")
    assert_whole(waits)


def test_a_killed_worker_is_interrupted_and_resume_goes_on(visit, runs, data_folder):
    with serving(runs, data_folder) as server:
        page = visit().page
        run = start(page, server, "Killed", epochs=3, epoch_seconds=2)
        status(page, "running")
        wait_until(lambda: run.last.exists())
        (worker,) = workers(runs)
        worker.kill()
        expect(page.get_by_text("interrupted", exact=True)).to_be_visible()
        press(page.get_by_role("button", name="Resume"), page.get_by_role("button", name="Pause"))
        status(page, "finished")
        page.close()  # before its server goes
    assert_whole(run)


def test_no_message_refers_to_an_earlier_one():
    """A page that outlived a restart may not have it; seen once in five restarts of a busy computer."""
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["global"]["minCachedMessageSize"] >= 1e9
