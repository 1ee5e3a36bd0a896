"""What a page costs the visitor's computer and the dashboard: processor seconds of the browser's renderer and of the server,
runs of the script, elements and KiB that are sent. Each page is opened by its own link, then one value is changed on Train. Last
the page of a run, reached by Home and Train, is watched while an MLP learns MNIST; its row is that of one second.

python -m benchmarks.page_cost [--rounds 3] [--pages train runs]        (needs requirements-dev.txt and Chromium)

The least of the rounds counts: what else the computer does only adds. A blank page of Streamlit itself takes a third of a second.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from playwright.sync_api import Page, WebSocket, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.paths import data_folder
from core.recipes import find_recipe
from core.runs.store import Run, create_run
from core.workers.launch import launch
from tests.browser.conftest import ARGUMENTS, chromium_path, serving
from tests.browser.hands import go
from tests.browser.patience import AT_REST
from tests.helpers import wait_until
from tests.pages.fake_runs import fake_run

PAGES = ("", "lessons", "data", "train", "runs", "run", "classify", "system")
QUIET = 1500  # milliseconds after the last message in which a page settles
WATCHED = 10  # seconds


class Sent:
    """What the server said to a page since `clear`."""

    def __init__(self, page: Page):
        self.clear()
        page.on("websocket", self._listen)

    def clear(self) -> None:
        self.runs = self.elements = self.bytes = 0

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._hear)

    def _hear(self, frame: bytes | str) -> None:
        kind = ForwardMsg.FromString(frame if isinstance(frame, bytes) else frame.encode()).WhichOneof("type")
        self.bytes += len(frame)
        self.runs += kind == "script_finished"
        self.elements += kind == "delta"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", nargs="+", default=PAGES)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    for _ in range(10):
        fake_run(folder / "runs", "finished")
    seen: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    with serving(folder / "runs", data_folder()) as server, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile", executable_path=chromium_path(), args=ARGUMENTS
        )
        for number in range(options.rounds + 1):
            for address in options.pages:
                page = context.new_page()
                sent = Sent(page)

                def cost(act: Callable[[], object], page: Page = page, sent: Sent = sent) -> tuple[float, ...]:
                    return _cost(act, page, sent, server.process.pid)

                found = {address or "home": cost(lambda page=page, address=address: _open(page, server.url, address))}
                if address == "train":
                    page.get_by_test_id("stNumberInputField").first.focus()
                    found["train: a value changed"] = cost(lambda page=page: _change(page))
                page.close()
                if number:  # the first round fills the caches of both
                    for name, figures in found.items():
                        seen[name].append(figures)
        if "run" in options.pages:
            with _training(folder / "runs") as run:
                page = context.new_page()
                sent = Sent(page)
                _open(page, server.url, "")
                for address in ("train", f"run?run={run.id}"):
                    go(page, f"{server.url}/{address}")
                rounds = [_watch(page, sent, server.process.pid) for _ in range(options.rounds + 1)]
                seen["run: a second while it trains"] = rounds[1:]
        context.close()
    print("| page | renderer: seconds | server: seconds | runs of the script | elements | KiB |\n" + "| --- " * 6 + "|")
    for name, rounds in seen.items():
        renderer, served, *sums = zip(*rounds, strict=True)
        said = " | ".join(f"{statistics.median(each):.0f}" for each in sums)
        print(f"| {name} | {min(renderer):.2f} | {min(served):.2f} | {said} |")


def _open(page: Page, url: str, address: str) -> None:
    page.goto(f"{url}/{address}")
    page.get_by_role("heading", level=1).first.wait_for()


@contextlib.contextmanager
def _training(runs: Path) -> Iterator[Run]:
    """A run that trains for the length of a `with`."""
    run = create_run(find_recipe("mlp").config().with_changes({"training.epochs": 1000}), runs)
    launch(run, data_folder())
    wait_until(run.checkpoint, what="an epoch is done")
    try:
        yield run
    finally:
        run.request_stop()
        wait_until(lambda: not run.status().is_active, what="it has stopped")


def _watch(page: Page, sent: Sent, server: int) -> tuple[float, ...]:
    """The same as of `_cost`, of a second."""
    sent.clear()
    before, served = _renderers(), _seconds(psutil.Process(server))
    page.wait_for_timeout(WATCHED * 1000)
    computed, served = _since(before), _seconds(psutil.Process(server)) - served
    return tuple(each / WATCHED for each in (computed, served, sent.runs, sent.elements, sent.bytes / 1024))


def _change(page: Page) -> None:
    page.keyboard.type("5")
    page.keyboard.press("Enter")


def _cost(act: Callable[[], object], page: Page, sent: Sent, server: int) -> tuple[float, ...]:
    """(renderer's seconds, server's, runs of the script, elements, KiB) of what `act` does, until the page is quiet."""
    sent.clear()
    before, served = _renderers(), _seconds(psutil.Process(server))
    act()
    heard = -1
    while heard != sent.bytes:
        heard = sent.bytes
        page.wait_for_timeout(QUIET)
        page.wait_for_function(AT_REST)
    return _since(before), _seconds(psutil.Process(server)) - served, sent.runs, sent.elements, sent.bytes / 1024


def _since(before: dict[int, float]) -> float:
    return sum(seconds - before.get(process, 0) for process, seconds in _renderers().items())


def _renderers() -> dict[int, float]:
    """Processor seconds of each renderer of this program's browser, by its process."""
    found = {}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ended just now
            if "--type=renderer" in child.cmdline():
                found[child.pid] = _seconds(child)
    return found


def _seconds(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


if __name__ == "__main__":
    main()
