"""What a person does on a page: press until it works, draw with the mouse, read a chart."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import numpy as np
from playwright.sync_api import Error, Locator, Page

from tests.drawings import STROKES, path_of
from tests.helpers import wait_until

PASTE = """(data) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const clipboard = new DataTransfer();
    clipboard.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: clipboard, bubbles: true }));
}"""
TO = """address => {  // as the browser's Back and Forward do it
    document.querySelectorAll('h1').forEach(title => { title.dataset.left = title.textContent; });
    history.pushState(null, '', address);
    dispatchEvent(new PopStateEvent('popstate')); }"""
DRAWN = """() => document.querySelector('[data-test-script-state=notRunning]')
    && ![...document.querySelectorAll('h1')].some(title => title.dataset.left === title.textContent)"""
VIOLATIONS = """async ([part, runOnly]) => {  // nothing is told of what passes: that would be most of the work
    const { violations } = await axe.run(part, { runOnly, resultTypes: ["violations"], selectors: false });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html.slice(0, 200)])); }"""
SETTLED = "!document.querySelector('[data-stale=true], [data-testid=stApp]:not([data-test-script-state=notRunning])')"
CHARTS = """[...document.querySelectorAll('.js-plotly-plot')].filter(chart => chart.dataset.draws).map(chart => ({
    draws: Number(chart.dataset.draws), points: chart.data[0].x.length, range: chart._fullLayout.xaxis.range,
    visible: chart._fullData[1].visible, title: chart._fullLayout.title.text, marked: chart.marked === true}))"""


def seen(page: Page, expression: str, arg: Any = None) -> Any:
    """What `expression` gives on the page as soon as that is something: a chart that is drawn anew is not there for a moment."""
    return page.wait_for_function(expression, arg=arg).json_value()


def go(page: Page, address: str) -> None:
    """To another page of the same dashboard without loading it: a third of the work of `page.goto`.

    The session stays, with all that was chosen in it: not for what a fresh visitor sees. The page before is first drawn to its
    end, as a person sees it: one that is left earlier was never left for Streamlit, and what was drawn on it stands there again.
    Nothing of it is there any more at the end.
    """
    here, there = (urlsplit(each).path for each in (page.url, address))
    way = [urljoin(address, "/glossary" if there == "/lessons" else "/lessons")] if here == there else []
    for each in (*way, address):
        try:
            page.wait_for_function(DRAWN, timeout=10_000)
            page.evaluate(TO, each)
            page.wait_for_function(DRAWN, timeout=10_000)
        except Error:  # it has an error or leads elsewhere
            page.goto(each)


def press(control: Locator | Callable[[], Any], effect: Locator | Callable[[], Any]) -> None:
    """Presses `control` again until `effect` is there: a click is lost when a page is drawn anew at that very moment.

    `effect` is what comes to be seen, or a condition. Only for what does no harm when it is pressed twice. `control`
    may also be a function that does several things, each of which gives up soon.
    """
    there = effect.is_visible if isinstance(effect, Locator) else effect

    def happened() -> Any:
        if not there():
            with contextlib.suppress(Error):  # it is gone, or not to be pressed at this moment
                control.click(timeout=3000) if isinstance(control, Locator) else control()
            with contextlib.suppress(AssertionError):
                wait_until(there, timeout=5, every=0.1)
        return there()

    wait_until(happened, what=f"{effect} after a click on {control}")


def choose(
    page: Page, label: str, option: str | re.Pattern[str], effect: Locator | Callable[[], Any] | None = None
) -> None:
    """Chooses one option of a list, until the list shows it or `effect` is there: a page drawn anew closes it."""
    control = page.get_by_role("combobox", name=label)

    def once() -> None:
        control.click(timeout=3000)
        page.get_by_role("option", name=option, exact=True).first.click(timeout=3000)

    press(once, effect or (lambda: control.input_value() == option or control.locator("..").inner_text() == option))


def draw_with_mouse(page, digit: int, style: int = 0, fill: float = 0.7) -> None:
    """Strokes of the digit on the canvas of the page."""
    box = page.get_by_role("img", name="Drawing area").bounding_box()
    paths = [path_of(text, 0, np.random.default_rng(0)) for text in STROKES[digit][style]]
    points = np.concatenate(paths)
    middle = (points.min(0) + points.max(0)) / 2
    for path in paths:
        spots = (path - middle) * fill * box["height"] + np.array(
            [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        )
        page.mouse.move(*spots[0])
        page.mouse.down()
        for spot in spots[1::8]:  # each costs the page and its server as much as a click
            page.mouse.move(*spot)
        page.mouse.move(*spots[-1])
        page.mouse.up()


def barriers(page: Page, part: str = "html", contrast_only: bool = False) -> list[tuple[str, str]]:
    """(rule, element) of all that axe-core finds against WCAG 2.2 A and AA on a page that is drawn to its end, where nothing is
    faint, and goes on finding: while one of another size is laid out anew, a frame may have to be scrolled for a moment.

    A look at a whole page is dear, half a second and more. `part`: the selector of what to look at, where the rest was
    looked at. `contrast_only`: what other colours can change.
    """
    import axe_playwright_python

    if not page.evaluate("'axe' in window"):
        page.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    rules = ["color-contrast"] if contrast_only else ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    end = 0.0
    while True:
        page.wait_for_function(SETTLED)
        end = end or time.monotonic() + 5
        found = [(rule, element) for rule, element in page.evaluate(VIOLATIONS, [part, rules])]
        if not found or time.monotonic() > end:
            return found


def charts(page) -> list[dict]:
    return page.evaluate(CHARTS)
