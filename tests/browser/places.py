"""Where something is on a page that may be drawn anew at that very moment."""

from __future__ import annotations

from playwright.sync_api import FloatRect, Locator

from tests.helpers import wait_until


def box(locator: Locator) -> FloatRect:
    """Its place and size, as soon as it has one."""
    return wait_until(locator.bounding_box, what=f"{locator} is drawn")


def bottom(locator: Locator) -> float:
    """Where it ends, in pixels from the top of the window."""
    place = box(locator)
    return place["y"] + place["height"]
