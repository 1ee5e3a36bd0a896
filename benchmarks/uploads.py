"""Thousands of pictures uploaded on Classify: what reaches the browser, and what the server keeps of them.

    python -m benchmarks.uploads [--pictures 5000] [--side 640] [--run RUN]

A real dashboard and a real browser: a ZIP of photographs (noise on gradients, JPEG) is chosen, every page of tiles, the table
and the sorted ZIP are opened. Told are the bytes of all messages to the page, the JavaScript heap of the page after each step,
and by how much the server's memory has grown beyond the upload and the network's first answer. Needs requirements-dev.txt.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from core.paths import data_folder, runs_folder
from tests.browser.conftest import launch_chromium, serving


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--side", type=int, default=640, help="pixels of the longer side")
    parser.add_argument("--run", default="example-digits", help="the network that is asked")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photos.zip"
        write_photos(path, options.pictures, options.side)
        size = path.stat().st_size
        print(f"{options.pictures:,} photographs, {size / 1e6:.0f} MB")
        with serving(runs_folder(), data_folder()) as server, sync_playwright() as playwright:
            browser = launch_chromium(playwright)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            _measure(page, server, path, size, options)
            browser.close()


def write_photos(path: Path, pictures: int, side: int) -> None:
    """Ten folders of JPEGs, no two the same."""
    random = np.random.default_rng(0)
    slope = np.linspace(0, 120, side)[None, :, None] * np.ones((side * 3 // 4, 1, 1))
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(pictures):
            blobs = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize((side, side * 3 // 4))
            pixels = np.asarray(blobs) * 0.5 + slope + random.normal(0, 6, (side * 3 // 4, side, 1))
            buffer = io.BytesIO()
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
            archive.writestr(f"{number % 10}/IMG_{number // 10:04}.jpg", buffer.getvalue())


def _measure(page: Page, server: Any, path: Path, size: int, options: argparse.Namespace) -> None:
    received = [0]

    def listen(socket: Any) -> None:
        socket.on("framereceived", lambda data: received.__setitem__(0, received[0] + len(data)))

    page.on("websocket", listen)
    session = page.context.new_cdp_session(page)
    process = psutil.Process(server.process.pid)
    page.goto(f"{server.url}/classify?run={options.run}")
    page.get_by_role("radio", name="Upload").click()
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "warm.png", "mimeType": "image/png", "buffer": _one()})
    page.locator(".bars .winner").wait_for(timeout=120_000)
    page.get_by_test_id("stFileUploader").get_by_role("button", name="Remove").click()
    page.locator(".bars.waiting").wait_for()
    page.get_by_role("button", name="Remove").first.click() if page.get_by_role(
        "button", name="Remove"
    ).count() else None
    before = process.memory_info().rss
    print("| step | s | MB to the page | MB of the page's heap | MB of the server beyond the upload |")
    print("| --- | --- | --- | --- | --- |")

    def told(step: str, began: float) -> None:
        session.send("HeapProfiler.collectGarbage")
        heap = session.send("Runtime.getHeapUsage")["usedSize"]
        grown = process.memory_info().rss - before - size
        numbers = (time.monotonic() - began, received[0] / 1e6, heap / 1e6, grown / 1e6)
        print(f"| {step} | {' | '.join(f'{each:.1f}' for each in numbers)} |", flush=True)

    began = time.monotonic()
    chooser.set_input_files(str(path))
    page.get_by_text("pictures answered.").wait_for(timeout=1_800_000)
    told("chosen and answered", began)
    began, pages = time.monotonic(), -(-options.pictures // 200)
    for _ in range(2, pages + 1):
        first = page.get_by_role("group", name="Pictures").get_by_role("button").first
        title = first.get_attribute("title")
        page.get_by_test_id("stPagination").get_by_role("button").last.click()
        expect(first).not_to_have_attribute("title", title or "", timeout=60_000)
    told(f"all {pages} pages of tiles", began)
    began = time.monotonic()
    page.get_by_text("All answers in a table").click()
    page.get_by_test_id("stDataFrame").wait_for()
    told("the table", began)
    began = time.monotonic()
    page.get_by_role("button", name="Sort my pictures").click()
    with page.expect_download(timeout=120_000) as download:
        page.get_by_role("link", name="Download as ZIP").click()
    download.value.path()
    told("sorted and downloaded", began)


def _one() -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
