"""What a dashboard does as long as it runs, page or no page: pictures whose day has come go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import date

from starlette.applications import Starlette

from core.paths import data_folder, runs_folder
from core.privacy.erasing import erase_due

EVERY = 600.0  # seconds between two looks; the first is at the start


@contextlib.asynccontextmanager
async def erasing(_: Starlette) -> AsyncIterator[None]:
    """For the lifespan of a dashboard's server."""
    looking = asyncio.create_task(_look_again_and_again())
    try:
        yield
    finally:
        looking.cancel()


async def _look_again_and_again() -> None:
    while True:
        try:
            await asyncio.to_thread(look)
        except Exception:  # whatever it is, the next look comes
            logging.getLogger(__name__).exception("Pictures whose day has come could not be looked for.")
        await asyncio.sleep(EVERY)


def look() -> None:
    """Removes what is to go today, also from the memory of this process."""
    if erase_due(data_folder(), runs_folder(), date.today()):
        import streamlit as st

        from pages.components.data.browser import address_of_picture

        address_of_picture.cache_clear()
        st.cache_data.clear()
