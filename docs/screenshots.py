"""Makes README's pictures from the real pages: python -m docs.screenshots (needs requirements-dev.txt and Chromium)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from core.paths import data_folder
from core.runs.store import list_runs
from tests.browser.conftest import launch_chromium, serving
from tests.browser.hands import draw_with_mouse

IMAGES = Path(__file__).resolve().parent / "images"
PATIENCE = 180_000  # milliseconds


def main() -> None:
    runs = Path(tempfile.mkdtemp()) / "runs"
    with serving(runs, data_folder()) as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{server.url}/train?recipe=mlp")
        page.get_by_role("button", name="Start training").wait_for()
        _shoot(page, "train")
        page.goto(server.url)
        page.get_by_role("button", name="Start the digits training").click()
        page.get_by_text("finished", exact=True).wait_for()
        page.locator(".js-plotly-plot .scatterlayer").first.wait_for()
        page.get_by_text("Watch it learn").wait_for()
        page.set_viewport_size({"width": 1280, "height": 2350})  # all of the page
        page.locator(".js-plotly-plot[aria-label^='Confusion matrix, test'] .hm").first.wait_for()
        _shoot(page, "run")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{server.url}/classify?run={list_runs(runs)[0].id}")
        page.get_by_role("img", name="Drawing area").wait_for()
        draw_with_mouse(page, 3)
        page.locator(".bars .winner").wait_for()
        _shoot(page, "classify")
        for batch_size in (16, 256):
            page.goto(f"{server.url}/train?recipe=digits")
            page.get_by_role("textbox", name="Slow motion").fill("0")
            page.get_by_role("spinbutton", name="Batch size").fill(str(batch_size))
            page.get_by_role("textbox", name="Title of this run").fill(f"Batch size {batch_size}")
            page.keyboard.press("Enter")
            page.get_by_text(f"→ {batch_size} images").wait_for()
            page.get_by_role("button", name="Start training").click()
            page.get_by_text("finished", exact=True).wait_for()
        page.set_viewport_size({"width": 1280, "height": 1500})
        page.goto(f"{server.url}/compare?runs={','.join(run.id for run in list_runs(runs))}&metric=val/loss")
        page.locator(".js-plotly-plot .scatterlayer").first.wait_for()
        _shoot(page, "compare")
        browser.close()


def _shoot(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
