"""One real Chromium for all browser tests, and dashboards of their own runs folders."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers import closed_port, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [  # nothing but the pages under test may use the network
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Streamlit's page looks for its server below the page's own address first; two misses on every deep link.
STREAMLIT_PROBES = ("/_stcore/health", "/_stcore/host-config")


def launch_chromium(playwright):
    """TRAINDESK_CHROMIUM, else a Chromium on the PATH, else playwright's own. Raises playwright's Error without one."""
    path = os.environ.get("TRAINDESK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@pytest.fixture(scope="session")
def browser():
    """A Chromium for all tests. Without one: skip, on a build server fail."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            chromium = launch_chromium(playwright)
        except Error as error:
            reason = f"no Chromium: set TRAINDESK_CHROMIUM or run 'playwright install chromium' ({str(error).splitlines()[0]})"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield chromium
        chromium.close()


class Server:
    """A dashboard: its process, where it is and where its runs are."""

    def __init__(self, port: int, runs: Path, process: subprocess.Popen):
        self.url, self.runs, self.process = f"http://127.0.0.1:{port}", runs, process


STOPPED: set[str] = set()  # addresses of servers that were stopped: pages that are still open complain of that


@contextmanager
def serving(runs: Path, data: Path, standby: str = "0", port: int = 0) -> Iterator[Server]:
    """A freshly started dashboard for the length of a `with`; `standby` "1": with a waiting worker, as people have it.

    `port` 0 takes a free one.
    """
    port = port or closed_port()
    STOPPED.discard(f"127.0.0.1:{port}")
    log = (runs.parent / f"server-{port}.log").open("wb")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "dashboard.py",
            "--server.port",
            str(port),
            "--server.headless",
            "true",
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "TRAINDESK_RUNS": str(runs),
            "TRAINDESK_DATA": str(data),
            "TRAINDESK_STANDBY": standby,
        },
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        wait_until(lambda: process.poll() is not None or _answers(port), what="the dashboard answers")
        assert process.poll() is None, Path(log.name).read_text()
        yield Server(port, runs, process)
    finally:
        STOPPED.add(f"127.0.0.1:{port}")
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def server(tmp_path_factory, data_folder) -> Iterator[Server]:
    """The dashboard that most journeys share."""
    runs = tmp_path_factory.mktemp("browser") / "runs"
    runs.mkdir()
    with serving(runs, data_folder, standby="1") as running:
        yield running


class Visit:
    """A browser window that takes note of what must not happen."""

    def __init__(self, page):
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on("console", self._on_console)
        page.on("request", self._on_request)

    def _on_console(self, message) -> None:
        address = message.location.get("url", "")
        leaving = "when disconnected from server" in message.text  # a page that is left while a part of it still speaks
        if message.type == "error" and not leaving and not address.endswith(STREAMLIT_PROBES):
            self._note(f"{message.text} {address}")

    def _note(self, text: str) -> None:
        if not any(server in text for server in STOPPED):
            self.errors.append(text)

    def _on_request(self, request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.foreign.append(request.url)


@pytest.fixture
def visit(browser):
    """Opens windows; at the end no page may have had an error or asked a foreign host."""
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)
    contexts, visits = [], []

    def open_window(**options) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(30_000)
        contexts.append(context)
        visits.append(Visit(context.new_page()))
        return visits[-1]

    yield open_window
    for context in contexts:
        context.close()
    assert [visit.errors for visit in visits if visit.errors] == []
    assert [visit.foreign for visit in visits if visit.foreign] == []
