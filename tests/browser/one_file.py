"""A page in one file, opened from a disk with the network off."""

import contextlib

import pytest

from core.export.page.familiar import Familiar
from tests.helpers import PATIENCE


@pytest.fixture(scope="module")
def offline(browser):
    """A browser with the network off."""
    with contextlib.closing(browser.new_context(offline=True)) as context:
        context.set_default_timeout(PATIENCE * 1000)
        yield context


@pytest.fixture(name="opened")
def opening(browser, offline):
    """Opens a file with the network off; at the end no page may have had an error or asked for anything but that file."""
    problems = []
    with contextlib.ExitStack() as stack:

        def open_file(place, after="", **options):
            context = offline
            if options:
                context = stack.enter_context(contextlib.closing(browser.new_context(offline=True, **options)))
                context.set_default_timeout(PATIENCE * 1000)
            page = stack.enter_context(contextlib.closing(context.new_page()))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
            page.on(
                "request",
                lambda asked: problems.append(asked.url) if not asked.url.startswith(place.as_uri()) else None,
            )
            page.goto(place.as_uri() + after)
            return page

        yield open_file
    assert problems == []


def familiar_of(page):
    kept = page.words["familiar"]
    arrays = {name: page.array(kept[name]) for name in ("axes", "features", "lost_features", "pixels", "lost_pixels")}
    return Familiar(**arrays, **{name: kept[name] for name in ("step", "units", "limit", "side", "rank")})
