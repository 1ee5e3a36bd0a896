"""A dataset of 500 classes and 100,000 pictures, and a network that learned it: how long each page takes.

    python -m benchmarks.many [--classes 500] [--pictures 100000] [--rounds 5] [--folder DIR]

A real dashboard and a real browser. Each page is opened by its address in a window of its own, after one visit that is not
counted; the time ends when the server has drawn all of it. In between a page without pictures is opened in the same way (the
floor). With --folder the dataset and run are kept there and used again. Needs requirements-dev.txt and Chromium.
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from core.files import remove_file
from core.image_sets.folders import accept, list_datasets
from core.image_sets.ingest import ingest
from core.runs.store import list_runs
from tests.browser.conftest import launch_chromium, serving

READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
SIDE = 28  # pixels of each picture
QUICK = ("architecture=mlp", "training.epochs=2", "training.batch_size=512", "augmentation.flip=false")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=500)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    data, runs = folder / "data", folder / "runs"
    if not list_datasets(data):
        prepare(data, options.classes, options.pictures)
    if not runs.is_dir() or not list_runs(runs):
        train(data, runs)
    [dataset], [run] = list_datasets(data), list_runs(runs)
    pages = {
        "floor: the glossary": ("/glossary", ""),
        "Home": ("/", ""),
        "Data": ("/data", ""),
        "the dataset": (f"/data?set={dataset.id}", ""),
        "the dataset, Check": (f"/data?set={dataset.id}", "Check"),
        "the dataset, Versions": (f"/data?set={dataset.id}", "Versions and more"),
        "Train, from the run": (f"/train?run={run.id}", ""),
        "Runs": ("/runs", ""),
        "the run": (f"/run?run={run.id}", ""),
        "Compare": (f"/compare?runs={run.id}", ""),
        "Classify": (f"/classify?run={run.id}", ""),
    }
    times: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, float] = {}
    with serving(runs, data) as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for number in range(options.rounds + 1):
            for name, (address, tab) in pages.items():
                seconds, size = opened(browser, server.url + address, tab)
                if number:
                    times[name].append(seconds)
                    sizes[name] = size
        browser.close()
    print("| page | seconds (min / median / max) | MB |")
    print("| --- | --- | --- |")
    for name, each in times.items():
        print(f"| {name} | {min(each):.2f} / **{statistics.median(each):.2f}** / {max(each):.2f} | {sizes[name]:.1f} |")


def prepare(data: Path, classes: int, pictures: int) -> None:
    """Noise in coarse cells, no two alike, and a corner that tells the class, as PNG."""
    random = np.random.default_rng(0)
    corners = random.integers(0, 256, (classes, 3, 3))
    path = data / "many.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(pictures):
            of_class = number % classes
            cells = random.integers(0, 256, (7, 7))
            cells[:3, :3] = corners[of_class]
            pixels = np.kron(cells, np.ones((4, 4)))
            buffer = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG", compress_level=1)
            archive.writestr(f"kind {of_class:03}/{number}.png", buffer.getvalue())
    began = time.monotonic()
    made, _ = ingest(path, data / "staged", "Many", lambda *_: None)
    accept(made, "Many", data)
    print(f"{pictures:,} pictures imported in {time.monotonic() - began:.0f} s", flush=True)
    remove_file(path)


def train(data: Path, runs: Path) -> None:
    settings = [part for setting in QUICK for part in ("--set", setting)]
    command = [
        sys.executable,
        "-m",
        "core",
        "train",
        "--images",
        "latest",
        "--data",
        str(data),
        "--runs",
        str(runs),
        *settings,
    ]
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    print(f"trained in {time.monotonic() - began:.0f} s", flush=True)


def opened(browser: Browser, address: str, tab: str) -> tuple[float, float]:
    """(seconds until all is drawn, megabytes that came over the page's socket)."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, received = context.new_page(), [0]
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    began = time.perf_counter()
    page.goto(address)
    page.get_by_role("heading").first.wait_for(timeout=60_000)
    page.locator(READY).wait_for(timeout=60_000)
    if tab:
        began = time.perf_counter()
        page.get_by_role("tab", name=tab).click()
        page.get_by_role("tabpanel", name=tab).get_by_text("A", exact=False).first.wait_for(timeout=60_000)
        page.locator(READY).wait_for(timeout=60_000)
    seconds = time.perf_counter() - began
    context.close()
    return seconds, sum(received) / 1e6


if __name__ == "__main__":
    main()
