"""A shared dashboard, started as a host starts it: who gets in, and who may change what."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from core.runs.metadata import read_metadata
from core.runs.store import list_runs
from tests.browser.conftest import ROOT
from tests.browser.hands import barriers
from tests.helpers import closed_port, wait_until

pytestmark = pytest.mark.browser

GUESTS, HOST = "for the class", "for the teacher"


@contextmanager
def shared(runs, data, log):
    """`python -m core share`; gives its address and the process."""
    port = closed_port()
    environment = {
        **os.environ,
        "TRAINDESK_PASSWORD": GUESTS,
        "TRAINDESK_HOST_PASSWORD": HOST,
        "TRAINDESK_STANDBY": "0",
    }
    environment["STREAMLIT_SERVER_HEADLESS"] = "true"
    command = [sys.executable, "-m", "core", "share", "--port", str(port), "--runs", str(runs), "--data", str(data)]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: process.poll() is not None or status_of(f"{url}/login"), what="the login form")
            assert process.poll() is None, log.read_text()
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def status_of(url, **options):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **options), timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def log_in(page, url, password):
    page.goto(url)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Come in").click()


def test_a_class_and_its_teacher(visit, tmp_path, data_folder):
    (tmp_path / "runs").mkdir()
    log = tmp_path / "shared.log"
    with shared(tmp_path / "runs", data_folder, log) as url:
        said = log.read_text()
        assert f"Their password: {GUESTS}" in said and f"everything: {HOST}" in said
        for path, options in (
            ("/_stcore/health", {}),
            ("/_stcore/metrics", {}),
            ("/static/js/index.js", {}),
            ("/_stcore/upload_file/session/file", {"method": "PUT", "data": b"x"}),
        ):
            assert status_of(url + path, **options) == 401, path
        window = visit()
        pupil = window.page
        log_in(pupil, f"{url}/runs", "a guess")
        expect(pupil.get_by_role("alert")).to_have_text("That is not the password; ask the host for it.")
        assert barriers(pupil) == []
        [refused] = window.errors
        assert "401" in refused and window.errors.pop()  # the browser itself notes that
        other = visit().page
        log_in(other, url, GUESTS)
        expect(other.get_by_role("button", name=re.compile("digits"))).to_be_visible()
        log_in(pupil, url, GUESTS)
        pupil.get_by_role("link", name="Train", exact=True).click()
        pupil.get_by_role("button", name="Start training").click()
        expect(pupil.get_by_role("button", name="Pause")).to_be_visible()
        [run] = list_runs(tmp_path / "runs")
        address = f"{url}/run?run={run.id}"
        other.goto(address)
        expect(other.get_by_text("Someone else's: you can look at it")).to_be_visible()
        expect(other.get_by_role("button", name="Stop")).to_be_hidden()
        teacher = visit().page
        log_in(teacher, url, HOST)
        teacher.goto(address)
        teacher.get_by_role("button", name="Stop").click()
        expect(pupil.get_by_text("stopped", exact=True).first).to_be_visible()
        assert read_metadata(run).owner
        pupil.goto(f"{url}/logout")
        expect(pupil.get_by_role("button", name="Come in")).to_be_visible()
        pupil.goto(address)
        expect(pupil.get_by_role("button", name="Come in")).to_be_visible()
        for page in (pupil, other, teacher):  # before their server goes
            page.close()
