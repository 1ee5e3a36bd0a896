"""Seconds from the server being up to the home page's title being on the screen, each time on a fresh server and browser.

python -m benchmarks.first_paint [--rounds 5]        (needs requirements-dev.txt and Chromium)
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from core.paths import data_folder
from tests.browser.conftest import launch_chromium, serving

PAGES = ("/", "/train", "/runs", "/classify")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    times: dict[str, list[float]] = {address: [] for address in PAGES}
    with sync_playwright() as playwright:
        for _ in range(options.rounds):
            for address in PAGES:
                browser = launch_chromium(playwright)
                page = browser.new_page()
                with serving(Path(tempfile.mkdtemp()) / "runs", data_folder()) as server:
                    start = time.perf_counter()
                    page.goto(server.url + address)
                    page.get_by_role("heading", level=1).wait_for()
                    times[address].append(time.perf_counter() - start)
                browser.close()
    print("| first page opened | seconds to first paint (min / median / max) |")
    print("| --- | --- |")
    for address, seconds in times.items():
        print(f"| {address} | {min(seconds):.1f} / **{statistics.median(seconds):.1f}** / {max(seconds):.1f} |")


if __name__ == "__main__":
    main()
