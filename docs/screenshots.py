"""Makes the pictures of README and the guide from the real pages: python -m docs.screenshots.

Needs requirements-dev.txt and Chromium.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from core.lessons import find_lesson
from core.lessons.sheet import pupil_sheet, teacher_sheet
from core.lessons.whose_digits import collection
from core.paths import data_folder
from core.runs.store import list_runs
from tests.browser.conftest import launch_chromium, serving
from tests.browser.hands import draw_with_mouse
from tests.drawings import draw_digit
from tests.own import class_files, zipped

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
        _film_demo(page, server.url)
        page.goto(server.url)
        page.get_by_role("button", name="Start the digits training").click()
        page.wait_for_url("**/run?run=*")
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
        page.set_viewport_size({"width": 1280, "height": 1100})
        _bring(page, server.url)
        _lessons(browser)
        browser.close()


def _film_demo(page: Page, url: str) -> None:
    """The demo as a moving picture: from the click to the answer."""
    frames: list[tuple[Image.Image, int]] = []  # and how long each is shown, in milliseconds

    def take(shown: int) -> None:
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").resize((800, 562), Image.Resampling.LANCZOS)
        frames.append((picture, shown))

    page.goto(url)
    page.get_by_role("img", name="Drawing area").wait_for()
    take(1500)
    page.get_by_role("button", name="Start the 60-second demo").click()
    page.locator(".told").wait_for()
    while not page.get_by_text("Your turn").is_visible():
        take(250)
        page.wait_for_timeout(1000)  # the film's own pace
    page.get_by_role("img", name="Drawing area").wait_for()
    take(1500)
    draw_with_mouse(page, 2)
    page.locator(".bars .winner").first.wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)  # until the bars have grown
    take(4000)
    palette = frames[len(frames) // 2][0].quantize(64, dither=Image.Dither.NONE)
    pictures = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame, _ in frames]
    pictures[0].save(
        IMAGES / "demo.gif",
        save_all=True,
        append_images=pictures[1:],
        duration=[shown for _, shown in frames],
        loop=0,
        optimize=True,
    )
    print(IMAGES / "demo.gif")


def _bring(page: Page, url: str) -> None:
    """Pictures with some faults, as the check shows them."""
    files = class_files({"dots": 40, "rings": 38, "stripes": 9})
    files["rings/same.png"] = files["stripes/0.png"]
    files["dots/again.png"] = files["dots/1.png"]
    files["dots/broken.jpg"] = b"no picture"
    with tempfile.TemporaryDirectory() as folder:
        page.goto(f"{url}/data")
        page.get_by_role("button", name="ZIP or pictures").click()
        page.locator("input[type=file]").first.set_input_files(str(zipped(Path(folder) / "my patterns.zip", files)))
        page.get_by_role("button", name="Keep as a dataset").wait_for()
        page.get_by_text("3 classes").wait_for()
        _shoot(page, "data")
        page.get_by_role("button", name="Throw away").click()
        page.get_by_role("heading", name="Pictures to learn from").wait_for()


def _lessons(browser: Browser) -> None:
    """A lesson in which people draw, and the sheets of another on paper."""
    folder = Path(tempfile.mkdtemp())
    for name in ("runs", "data"):
        (folder / name).mkdir()
    digits = collection(folder / "data")
    for hand, (writer, drawn) in enumerate((("Anna", 10), ("Ben", 10), ("Cem", 4))):
        for digit in digits.classes[:drawn]:
            digits.keep(writer, digit, draw_digit(int(digit), hand, pen=16, seed=hand))
    with serving(folder / "runs", folder / "data") as server:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{server.url}/lessons?lesson=whose_digits")
        page.get_by_role("button", name="Begin", exact=True).click()
        page.get_by_role("textbox", name="Who is drawing?").fill("Cem")
        page.get_by_text("draw a 4").wait_for()
        draw_with_mouse(page, 4)
        _shoot(page, "lesson")
    paper = browser.new_page(viewport={"width": 794, "height": 1123})  # A4 at 96 dots an inch
    lesson = find_lesson("biased_camera")
    assert lesson is not None
    for name, sheet in (("sheet-pupils", pupil_sheet(lesson)), ("sheet-teacher", teacher_sheet(lesson))):
        paper.set_content(sheet)
        _shoot(paper, name)


def _shoot(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
