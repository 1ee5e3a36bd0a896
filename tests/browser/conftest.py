"""One real Chromium for all browser tests, and dashboards of their own runs folders."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, expect, sync_playwright

from tests.browser.hands import go
from tests.browser.patience import make_patient
from tests.helpers import PATIENCE, closed_port, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the first costs a fifth less
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
USUAL = {"width": 1280, "height": 900}


def chromium_path() -> str | None:
    """TRAINDESK_CHROMIUM, else a Chromium on the PATH, else None for playwright's own."""
    return os.environ.get("TRAINDESK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launch_chromium(playwright):
    """Raises playwright's Error without one."""
    return playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)


@pytest.fixture(scope="session")
def browser():
    """A Chromium for all tests. Without one: skip, on a build server fail."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        make_patient(patch)
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


STOPPED: set[int] = set()  # ports of dashboards that were stopped: pages that are still open complain of that


@contextmanager
def serving(runs: Path, data: Path, standby: str = "0", port: int = 0) -> Iterator[Server]:
    """A freshly started dashboard for the length of a `with`; `standby` "1": with a waiting worker, as people have it.

    `port` 0 takes a free one, one of an earlier dashboard if it can: the browser knows the scripts of that address.
    """
    port = port or next((known for known in STOPPED if not _listens(known)), 0) or closed_port()
    STOPPED.discard(port)
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
        STOPPED.add(port)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int) -> bool:
    try:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as asked:  # never by a proxy
            asked.request("GET", "/_stcore/health")
            return asked.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


@pytest.fixture(scope="session")
def server(tmp_path_factory, data_folder) -> Iterator[Server]:
    """The dashboard that most journeys share."""
    runs = tmp_path_factory.mktemp("browser") / "runs"
    runs.mkdir()
    with serving(runs, data_folder) as running:
        yield running


LEAVING = (
    "when disconnected from server",
    "CanceledError: canceled",
)  # a page that is left while a part of it still speaks or uploads


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
        leaving = any(each in message.text for each in LEAVING)
        if message.type == "error" and not leaving and not address.endswith(STREAMLIT_PROBES):
            self._note(f"{message.text} {address}")

    def _note(self, text: str) -> None:
        if not any(f"127.0.0.1:{port}" in text for port in STOPPED):
            self.errors.append(text)

    def _on_request(self, request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.foreign.append(request.url)


class Contexts:
    """Browsers within the browser, as good as new each time: without cookies.

    The first visitor of a test has one with a profile on the disk: what Chromium made of Streamlit's scripts is kept there,
    which halves the work of opening a page.
    """

    def __init__(self, browser, profile):
        self.browser, self.first_page = browser, profile.pages[0]  # without any page it would end
        self.idle = {repr([]): [profile]}

    def take(self, options: dict):
        """(key, context): none that another window of this test has."""
        key = repr(sorted(options.items()))
        idle = self.idle.setdefault(key, [])
        return key, idle.pop() if idle else self.browser.new_context(**options)

    def give_back(self, key: str, context) -> None:
        """Closes its pages and forgets what a visitor left."""
        for page in context.pages:
            if page == self.first_page:
                continue
            with contextlib.suppress(Error):  # a page whose server is gone has nothing to forget
                page.evaluate("localStorage.clear()")
            page.close()
        context.clear_cookies()
        self.idle[key].append(context)


@pytest.fixture(scope="session")
def contexts(browser, tmp_path_factory) -> Iterator[Contexts]:
    profile = browser.browser_type.launch_persistent_context(
        tmp_path_factory.mktemp("profile"), executable_path=chromium_path(), args=ARGUMENTS
    )
    yield Contexts(browser, profile)
    profile.close()


@pytest.fixture
def visit(contexts):
    """Opens windows, each of another visitor; at the end no page may have had an error or asked a foreign host.

    Takes the options of a context of playwright, such as `viewport`, `has_touch`, `color_scheme`.
    """
    taken, visits = [], []

    def open_window(viewport=USUAL, color_scheme=None, reduced_motion=None, **options) -> Visit:
        key, context = contexts.take(options)
        taken.append((key, context))
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        visits.append(Visit(page))
        return visits[-1]

    yield open_window
    for key, context in taken:
        contexts.give_back(key, context)
    assert [visit.errors for visit in visits if visit.errors] == []
    assert [visit.foreign for visit in visits if visit.foreign] == []


@pytest.fixture(scope="module")
def window(contexts) -> Iterator[Visit]:
    """One window for the tests of a module, for `at`."""
    key, context = contexts.take({})
    context.set_default_timeout(PATIENCE * 1000)
    yield Visit(context.new_page())
    contexts.give_back(key, context)


@pytest.fixture
def at(window, request):
    """Opens an address in the window that the module's tests share, where it is no matter that the visitor was here before:
    without loading the dashboard again, two thirds of the work of a visit are saved. After a failed test it is loaded."""
    failed = request.session.testsfailed

    def opened(address: str, viewport=USUAL):
        page = window.page
        page.set_viewport_size(viewport)
        page.mouse.move(0, 0)
        stays = urlsplit(page.url).netloc == urlsplit(address).netloc
        go(page, address) if stays else page.goto(address)
        return page

    yield opened
    found, window.errors, window.foreign = (window.errors, window.foreign), [], []
    if request.session.testsfailed > failed:
        window.page.goto("about:blank")
    assert found == ([], [])
