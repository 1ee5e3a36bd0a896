"""Links to other pages. All are made here, so that the presenter view goes along: it lives in the address.

A reload, a kept link, a second window and the back button then show what was there. `tests/pages/shell/test_links.py` finds links
that are made otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

import streamlit as st

VIEW, PRESENTER = "view", "presenter"  # in the address: ?view=presenter
GOING = "page to go to"
Parameters = Mapping[str, str] | Iterable[tuple[str, str]]


def is_presenting() -> bool:
    """Whether this page is shown to a room: large type, no menus."""
    return st.query_params.get(VIEW) == PRESENTER


def set_presenting(presenting: bool) -> None:
    """Changes the view of this page and of all that are reached from it by links."""
    if presenting:
        st.query_params[VIEW] = PRESENTER
    else:
        st.query_params.pop(VIEW, None)


def page_link(page: str, *, query_params: Parameters | None = None, **options: Any) -> None:
    """`st.page_link` that keeps the view."""
    st.page_link(page, query_params=_with_view(query_params), **options)


def switch_page(page: str, *, query_params: Parameters | None = None) -> None:
    """`st.switch_page` that keeps the view.

    The whole page is run once more and left at its top (`go_on`): a part that refreshes itself and leaves the page at once
    can be overtaken by its own next refresh, which then draws into the other page.
    """
    st.session_state[GOING] = (page, _with_view(query_params))
    st.rerun()


def go_on() -> None:
    """Leaves this page when `switch_page` was called."""
    if going := st.session_state.pop(GOING, None):
        page, query_params = going
        st.switch_page(page, query_params=query_params)


def set_parameters(parameters: Parameters) -> None:
    """Shows another part of this page: its whole address but for the view."""
    st.query_params.from_dict(_with_view(parameters))


def address(page: str, **parameters: str) -> str:
    """Of a page, for links of our own: address("run", run=run.id)."""
    asked = urlencode(_with_view(parameters))
    return f"{page}?{asked}" if asked else page


def anchor(page: str, text: str, place: str = "", **parameters: str) -> str:
    """HTML of a link to a page, for tables of our own: anchor("run", "Digits", run=run.id); `place` is the id of one of its
    parts."""
    target = address(page, **parameters) + (f"#{place}" if place else "")
    return f'<a href="{escape(target, quote=True)}" target="_self">{escape(text)}</a>'


def _with_view(parameters: Parameters | None) -> dict[str, str]:
    return dict(parameters or {}) | ({VIEW: PRESENTER} if is_presenting() else {})
