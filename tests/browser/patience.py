"""What playwright does here beside what it does elsewhere: it waits for Streamlit, which draws its pages anew."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Error, Locator, LocatorAssertions, Page

AT_REST = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState !== 'running'"
SEEN = ":not([class*=st-key-announce] *)"
DOUBLE = 60  # seconds in which an element may be there twice: while a busy computer draws a page anew


def make_patient(patch: pytest.MonkeyPatch) -> None:
    """Clicks, checks, waits and searches by text of playwright are those of this module."""
    for act in ("click", "check", "uncheck"):
        patch.setattr(Locator, act, at_rest(getattr(Locator, act)))
    for name in [name for name in dir(LocatorAssertions) if name.startswith(("to_", "not_to_"))]:
        patch.setattr(LocatorAssertions, name, settled(getattr(LocatorAssertions, name)))
    for place in (Page, Locator):
        patch.setattr(place, "get_by_text", unannounced(place.get_by_text))
    patch.setattr(Page, "wait_for_function", patient(Page.wait_for_function))


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
