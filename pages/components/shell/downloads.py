"""Files that a page hands out, each by a link with an address that stays the same as long as its page is open.

Streamlit's own button for what is made when it is asked for gets another address whenever it is drawn: a click on a part that
refreshes itself can ask for the one before, which is no more. It also holds in memory what it gave away.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote
from weakref import WeakValueDictionary

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.errors import TrainDeskError
from pages.components.shell.links import file_link
from pages.components.shell.messages import show_error

FILES = "/files/"
OFFERS = "files to be had"
FORGOTTEN = 5  # runs of pages in which it was not drawn
GONE = "This file is no longer offered; load its page anew and press there again."


@dataclass(eq=False)
class _Offer:
    """What a link gives."""

    make: Callable[[], bytes | Path]
    file_name: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    problem: str = ""
    unseen: int = 0  # runs of pages since it was drawn


_offered: WeakValueDictionary[str, _Offer] = WeakValueDictionary()  # a session holds them


def forget_offers() -> None:
    """Where a run of a page begins: lets go of what was not drawn for a while. Not at once, as runs are broken off."""
    offers = _offers()
    for key, offer in list(offers.items()):
        offer.unseen += 1
        if offer.unseen > FORGOTTEN:
            del offers[key]


def download(
    label: str,
    make: Callable[[], bytes | Path],
    file_name: str,
    key: str,
    is_primary: bool = False,
    help: str = "",
) -> None:
    """A link that looks like a button and hands out what `make` gives, the content or where it lies; the page stays as it is.

    `make` is called when it is pressed, in another thread; its TrainDeskError or OSError is said when the link is drawn next.
    """
    offer = _offers().setdefault(key, _Offer(make, file_name))
    offer.make, offer.file_name, offer.unseen = make, file_name, 0
    _offered[offer.token] = offer
    look = "save primary" if is_primary else "save"
    st.html(file_link(label, FILES + offer.token, file_name, look, help), width="content")
    if offer.problem:
        show_error(offer.problem)


def _offers() -> dict[str, _Offer]:
    """Those of this session, by their keys."""
    return st.session_state.setdefault(OFFERS, {})


async def _give(request: Request) -> Response:
    offer = _offered.get(request.path_params["token"])
    if offer is None:
        return PlainTextResponse(GONE, 404)
    try:
        made = await run_in_threadpool(offer.make)
        if isinstance(made, Path):
            made.stat()  # FileResponse looks only when it has begun to answer
        offer.problem = ""
    except (TrainDeskError, OSError) as error:
        offer.problem = str(error)
        return PlainTextResponse(offer.problem, 404)
    headers = {
        "cache-control": "private, no-store",
        "content-disposition": f"attachment; filename*=utf-8''{quote(offer.file_name, safe='')}",
        "x-content-type-options": "nosniff",
    }
    kind = "application/octet-stream"
    if isinstance(made, Path):
        return FileResponse(made, headers=headers, media_type=kind)
    return Response(made, headers=headers, media_type=kind)


ROUTE = Route(FILES + "{token}", _give)
