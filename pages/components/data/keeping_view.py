"""Where pictures lie, who sees them and until when: a line for all, a choice for whoever may change a dataset, and a document for
whoever answers for them."""

from __future__ import annotations

import socket
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from core.image_sets.keeping import day_words, keep_until, keeping_of
from core.machine.network import own_addresses
from core.paths import data_folder, runs_folder
from core.privacy.access import Access
from pages.components.shell.downloads import download
from pages.components.shell.messages import attempt, show_problem
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.rights import is_host, is_shared, place_of

CHOICES = (1, 7, 14, 30, 90, 180, 365)  # days from today on
NEVER = ""


def access() -> Access:
    """How this dashboard can be reached, as the page that is being shown tells."""
    address = urlsplit(st.context.url or "")
    return Access(
        address.hostname or "localhost",
        st.context.ip_address or "",
        is_shared(),
        address.scheme == "https" or bool(st.get_option("server.sslCertFile")),
        own_addresses() if is_shared() else (),
    )


def where_and_who(reached: Access) -> str:
    """Where the pictures lie, as whom one is here, and who else sees them, as Markdown."""
    folder = place_of(data_folder())
    said = f"Pictures stay on this computer ({plain_markdown(socket.gethostname())}), in {plain_markdown(folder)}. "
    if reached.has_passwords:
        said += f"You are {'the host' if is_host() else 'a guest'}. "
    return said + plain_markdown(reached.who_sees())


def draw_privacy() -> None:
    """The line, and for the host the document beside it."""
    reached = access()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="privacy"):
        st.caption(f":material/lock: {where_and_who(reached)}", width="stretch")
        if is_host():
            download(
                "For the data officer",
                partial(_sheet, reached),
                "traindesk-privacy.html",
                "privacy sheet",
                help="One page to print and file: what is kept, where, for how long, who sees it, and how it is deleted here.",
            )


def draw_keeping(folder: Path, mine: bool) -> None:
    """Until when the pictures of a dataset or a collection are kept, and for whoever may change it the choice."""
    kept, key = keeping_of(folder), f"last day of {folder.name}"
    until = f"Kept until {day_words(kept.goes)}" if kept.goes else "Kept until someone deletes them"
    if not mine:
        if kept.goes:
            st.caption(f":material/event_busy: {until}; then they go, with every copy that was made of them.")
        return
    today = date.today()
    days = {(today + timedelta(days)).isoformat() for days in CHOICES} | ({kept.day} if kept.goes else set())
    choices = [NEVER, *sorted(days)]
    with st.popover(until, icon=":material/event_busy:", type="tertiary", key=f"keeping {folder.name}"):
        st.selectbox(
            "Delete these pictures",
            choices,
            choices.index(kept.day) if kept.goes else 0,
            format_func=lambda day: _in_words(today, date.fromisoformat(day)) if day else "when someone does it",
            key=key,
            on_change=lambda: attempt(key, lambda: _keep(folder, st.session_state[key])),
        )
        show_problem(key)
        st.caption(
            "On that day they go for good, from the trash too, with every copy that was made of them: decoded ones, those that "
            "runs show, reports. Runs and their networks stay and say so. What people saved as a file is theirs."
        )


def _in_words(today: date, day: date) -> str:
    left = f"in {count((day - today).days, 'day')}" if day > today else "today"
    return f"{left}, on {day_words(day)}"


def _keep(folder: Path, day: str) -> None:
    keep_until(folder, date.fromisoformat(day) if day else None)


def _sheet(reached: Access) -> bytes:
    from core.privacy.sheet import privacy_sheet

    return privacy_sheet(data_folder(), runs_folder(), reached, date.today()).encode()
