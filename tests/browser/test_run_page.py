"""The page of a run that trains under real hands: its log, what it uses, and all else that moves with it."""

import os

import pytest
from playwright.sync_api import expect

from core.machine.processes import name_process
from tests.pages.fake_runs import fake_run, running, write_epoch

pytestmark = pytest.mark.browser


def test_the_log_moves_with_the_run_and_its_end_is_seen(visit, server):
    run = fake_run(server.runs, "starting")
    page = visit().page
    with running(run, done=5) as log:
        run.worker_pid.touch()
        name_process(run.worker_pid, os.getpid())
        page.goto(f"{server.url}/run?run={run.id}")
        page.get_by_text("Log", exact=True).click()
        box = page.get_by_role("log", name="What has happened")
        expect(box).to_contain_text("epoch 5 done")
        expect(page.locator(".facts", has_text="Uses now").get_by_text(" cores")).to_be_visible()
        write_epoch(log, 6)
        expect(box).to_contain_text("epoch 6 done")
        last, frame = box.locator("pre").bounding_box(), box.bounding_box()
        assert abs(last["y"] + last["height"] - frame["y"] - frame["height"]) < 4, "it is scrolled to its end"
