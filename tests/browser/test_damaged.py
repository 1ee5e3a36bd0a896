"""A run whose folder is damaged as no check foresees, and one whose process never spoke: both say so, and both have a way on."""

import pytest
from playwright.sync_api import expect

from core.runs.events import EventWriter
from core.runs.store import create_run
from core.runs.trash import deleted_runs
from core.workers.worker import work
from tests.browser.hands import go, press
from tests.browser.trainings import without_workers
from tests.helpers import quick_config, wait_until
from tests.pages.fake_runs import fake_run

pytestmark = pytest.mark.browser
NEVER_BEGAN = "Started three times, and its process died each time; it wrote nothing."


def test_a_damaged_folder_goes_to_the_trash_and_a_run_that_never_began_is_tried_again(at, server, data_folder):
    bad = fake_run(server.runs, "finished")
    bad.event_log.unlink()
    bad.event_log.symlink_to(bad.event_log.name)  # it leads to itself
    failed = create_run(quick_config(title="Never began"), server.runs)
    log = EventWriter(failed.event_log)
    log.write("failed", message=NEVER_BEGAN)
    log.close()

    page = at(f"{server.url}/runs")
    expect(page.get_by_text("Its folder is damaged (OSError).")).to_be_visible()
    expect(page.get_by_text("Never began")).to_be_visible()
    go(page, f"{server.url}/run?run={bad.id}")
    expect(page.get_by_role("alert").filter(has_text="This run's folder is damaged")).to_contain_text(str(bad.folder))
    deleted = page.get_by_text("This run was deleted. It lies in the trash")
    press(page.get_by_role("button", name="Move it to the trash"), deleted)
    wait_until(lambda: bad.id in [run.id for run in deleted_runs(server.runs)])

    go(page, f"{server.url}/run?run={failed.id}")
    expect(page.get_by_text(NEVER_BEGAN).first).to_be_visible()
    with without_workers(server.runs):
        press(page.get_by_role("button", name="Try again"), lambda: failed.status().name != "failed")
        wait_until(failed.queue_place.exists, what="it is to be tried")
        work(failed, data_folder)
    expect(page.get_by_text("of 360 pictures right")).to_be_visible()
