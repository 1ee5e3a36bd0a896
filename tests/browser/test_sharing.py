"""A shared dashboard, started as a host starts it: who gets in, and who may change what."""

import tempfile

import psutil
import pytest
from playwright.sync_api import expect

from core.machine.torch_devices import TorchDevice
from core.runs.bounds import most_waiting
from core.runs.metadata import read_metadata
from core.runs.store import list_runs
from core.workers.dispatch import cpu_runs, gpu_runs
from tests.browser.hands import barriers, go
from tests.core.machine.test_torch_devices import torch_said
from tests.desk import GUESTS, HOST, shared, status_of
from tests.helpers import answers, wait_until

pytestmark = pytest.mark.browser


def log_in(page, url, password):
    page.goto(url)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Come in").click()


def test_a_class_and_its_teacher(visit, tmp_path, data_folder, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where is kept what torch said
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "runs").mkdir()
    log = tmp_path / "shared.log"
    with shared(tmp_path / "runs", data_folder, log) as desk:
        url = desk.url
        said = log.read_text()
        assert f"Their password: {GUESTS}" in said and f"everything: {HOST}" in said
        for path, options in (
            ("/_stcore/health", {}),
            ("/_stcore/metrics", {}),
            ("/static/js/index.js", {}),
            ("/_stcore/upload_file/session/file", {"method": "PUT", "body": b"x"}),
        ):
            assert status_of(desk, path, **options) == 401, path
        window = visit()
        pupil = window.page
        log_in(pupil, f"{url}/runs", "a guess")
        expect(pupil.get_by_role("alert")).to_have_text("That is not the password; ask the host for it.")
        assert barriers(pupil) == []
        [refused] = window.errors
        assert "401" in refused and window.errors.pop()  # the browser itself notes that
        log_in(pupil, f"{url}/train", GUESTS)
        slow = pupil.get_by_role("textbox", name="Slow motion")  # or it takes the whole computer until it ends
        slow.fill("5")
        slow.press("Tab")
        pupil.get_by_role("button", name="Start training").click()
        expect(pupil.get_by_role("button", name="Pause")).to_be_visible()
        children = psutil.Process(desk.process.pid).children(recursive=True)
        started = answers(children, psutil.Process.environ).values()
        assert started and not [each for each in started if {GUESTS, HOST} & {*each.values()}]
        [run] = list_runs(tmp_path / "runs")
        address = f"{url}/run?run={run.id}"
        other = visit().page
        log_in(other, address, GUESTS)
        expect(other.get_by_text("Someone else's: you can look at it")).to_be_visible()
        expect(other.get_by_role("button", name="Stop")).to_be_hidden()
        teacher = visit().page
        log_in(teacher, address, HOST)
        teacher.get_by_role("button", name="Stop").click()
        expect(pupil.get_by_text("stopped", exact=True).first).to_be_visible()
        assert read_metadata(run).owner
        torch_said(TorchDevice("cuda:0", "NVIDIA H100", "GPU-1", 80 * 10**9))
        go(teacher, f"{url}/system")
        for name, kept in (
            ("Runs that each guest may have waiting (1 to", most_waiting),
            ("Trainings at once on the processor (1 to", cpu_runs),
            ("Small trainings at once on a GPU (1 to", gpu_runs),
        ):
            field = teacher.get_by_role("spinbutton", name=name)
            field.fill("1")
            field.press("Enter")
            wait_until(lambda kept=kept: kept(tmp_path / "runs") == 1, what=f"{name}: 1 is kept")
        go(pupil, f"{url}/system")
        expect(pupil.get_by_role("spinbutton", name="Runs that each guest")).to_have_count(0)
        pupil.get_by_role("link", name="Log out").click()
        expect(pupil.get_by_role("button", name="Come in")).to_be_visible()
        pupil.goto(address)
        expect(pupil.get_by_role("button", name="Come in")).to_be_visible()
        for page in (pupil, other, teacher):  # before their server goes
            page.close()
