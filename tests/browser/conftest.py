"""One real Chromium for all browser tests, and dashboards of their own runs folders."""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Locator, LocatorAssertions, Page, expect, sync_playwright

from tests.browser.hands import go
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
AT_REST = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState !== 'running'"
SEEN = ":not([class*=st-key-announce] *)"
DOUBLE = 15  # seconds in which an element may be there twice
USUAL = {"width": 1280, "height": 900}


def chromium_path() -> str | None:
    """TRAINDESK_CHROMIUM, else a Chromium on the PATH, else None for playwright's own."""
    return os.environ.get("TRAINDESK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launch_chromium(playwright):
    """Raises playwright's Error without one."""
    return playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)


def at_rest(act: Callable[..., None]) -> Callable[..., None]:
    """A click, or what is one, at a moment when Streamlit does not draw the page anew, which closes lists; what is always drawn
    anew is clicked all the same."""

    @functools.wraps(act)
    def later(control: Locator, **options) -> None:
        with contextlib.suppress(Error):
            control.page.wait_for_function(AT_REST, timeout=3000, polling=20)
        act(control, **options)

    return later


NOT_YET = """arg => { try { const value = (%s); return typeof value === 'function' ? value(arg) : value; }
    catch (error) { if (error instanceof TypeError) return null; throw error; } }"""


def patient(wait: Callable[..., Any]) -> Callable[..., Any]:
    """A wait for which an element that is not there, or is drawn anew at that very moment, is not there yet. It looks 20 times
    a second: to look at each frame would have Chromium draw them."""

    @functools.wraps(wait)
    def later(page: Page, expression: str, **options) -> Any:
        return wait(page, NOT_YET % expression.strip().rstrip(";"), **{"polling": 50, **options})

    return later


def unannounced(find: Callable[..., Locator]) -> Callable[..., Locator]:
    """A search by text that finds what is seen: not the same words said once more to a screen reader."""

    @functools.wraps(find)
    def later(place: Page | Locator, text: Any, **options) -> Locator:
        page = place if isinstance(place, Page) else place.page
        return find(place, text, **options).and_(page.locator(SEEN))

    return later


def settled(check: Callable[..., None]) -> Callable[..., None]:
    """A check for which an element that is there twice, the old one and the one drawn anew, is not settled yet."""

    @functools.wraps(check)
    def later(*arguments, **options) -> None:
        end = time.monotonic() + DOUBLE
        while True:
            try:
                return check(*arguments, **options)
            except AssertionError as error:
                if "strict mode violation" not in str(error) or time.monotonic() > end:
                    raise

    return later


@pytest.fixture(scope="session")
def browser():
    """A Chromium for all tests. Without one: skip, on a build server fail."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        for act in ("click", "check", "uncheck"):
            patch.setattr(Locator, act, at_rest(getattr(Locator, act)))
        for name in [name for name in dir(LocatorAssertions) if name.startswith(("to_", "not_to_"))]:
            patch.setattr(LocatorAssertions, name, settled(getattr(LocatorAssertions, name)))
        for place in (Page, Locator):
            patch.setattr(place, "get_by_text", unannounced(place.get_by_text))
        patch.setattr(Page, "wait_for_function", patient(Page.wait_for_function))
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
