"""From lifting the pen to the answer on the page, and from the page's address to its canvas, in a real browser.

    python -m benchmarks.drawing [--recipe simple_cnn] [--strokes 40]

Trains the recipe for one epoch, opens the classify page in Chromium, and draws digits stroke by stroke. Measured inside the
page: from the pointer's release to the moment at which the bars of that drawing stand there. Before that, from the request to
the canvas: by the first visitor of a server that was just started, and by later ones. Needs requirements-dev.txt, Chromium
and the recipe's dataset.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from core.paths import data_folder
from core.recipes import find_recipe
from core.runs.store import create_run
from core.workers.worker import work

LATER = 3  # visitors of a warm server
MEASURE = """() => {
    window.spent = [];
    const bars = () => document.querySelector('.bars')?.outerHTML ?? '';
    document.addEventListener('pointerup', (event) => {
        if (event.composedPath()[0].tagName !== 'CANVAS') return;
        const begin = performance.now(), before = bars();
        const look = () => {
            if (bars() && bars() !== before) window.spent.push(performance.now() - begin);
            else if (performance.now() - begin < 3000) requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    }, true);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="simple_cnn")
    parser.add_argument("--strokes", type=int, default=40)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import launch_chromium, serving

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs = Path(folder, "runs")
        data = find_recipe(options.recipe).config().to_dict()
        data["training"] = {**data["training"], "epochs": 1, "epoch_seconds": 0}
        run = create_run(type(find_recipe(options.recipe).config()).from_dict(data), runs)
        assert work(run, data_folder())["event"] == "finished"
        chromium = launch_chromium(playwright)
        with serving(runs, data_folder()) as server:
            page, first = _open(chromium, f"{server.url}/classify?run={run.id}")
            spent = _draw(page, options.strokes)
            later = sorted(_open(chromium, page.url)[1] for _ in range(LATER))
        chromium.close()
    print(f"The canvas is there after {first:.1f} s on a fresh server, {later[LATER // 2]:.1f} s on a warm one.\n")
    ordered = sorted(spent)
    print("| network | strokes | ms: median | 90 % | 95 % | longest |\n| --- | --- | --- | --- | --- | --- |")
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.9, 0.95, 1)]
    print(f"| {options.recipe} | {len(ordered)} | {' | '.join(f'{spent:.0f}' for spent in at)} |")


def _open(chromium, address: str) -> tuple[Any, float]:
    """A window of its own, and the seconds until it has its canvas."""
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    begin = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("img", name="Drawing area").wait_for()
    return page, time.perf_counter() - begin


def _draw(page, strokes: int) -> list[float]:
    """Milliseconds of each stroke that changed the answer."""
    box = page.get_by_role("img", name="Drawing area").bounding_box()
    page.mouse.move(box["x"] + 90, box["y"] + 60)  # the first answer loads what later ones have
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 200, steps=5)
    page.mouse.up()
    page.locator(".bars .winner").first.wait_for()
    page.wait_for_timeout(
        5000
    )  # until the network's training pictures are known too: that is the work of a usual stroke
    page.evaluate(MEASURE)
    for number in range(strokes):
        if number % 5 == 0:
            page.get_by_role("button", name="Clear").click()
            page.get_by_text("Draw a digit in the box.").wait_for()
        x = box["x"] + 60 + 40 * (number % 5)
        page.mouse.move(x, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(x + 10, box["y"] + 230, steps=4)
        page.mouse.up()
        page.wait_for_timeout(600)
    return page.evaluate("window.spent.filter(each => each > 0)")


if __name__ == "__main__":
    main()
