"""Who sits before the page and what they may change.

On one's own computer: everything. On a shared dashboard a visitor changes only what they made; the host changes everything.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.image_sets.bounds import new_guest_job
from core.image_sets.imports import Job, new_job
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.paths import data_folder
from core.privacy.access import LOCAL
from core.runs.metadata import read_metadata
from core.runs.store import Run
from core.sharing import Guest, current_authenticator

COOKIE = "traindesk"  # of a shared dashboard; the gate sets it
HERE = "here"  # whoever sits at the computer of a dashboard that is not shared
READ_ONLY = "Someone else's: you can look at it, compare it and try it, but not change it."
THE_EXAMPLE = "An example that comes with TrainDesk: look at it, compare it, try it; it is not yours to change."


def visitor() -> str:
    """A short name of this guest's browser, the same in all its tabs and after a reload; of one's own computer always the same,
    whichever browser: no cookie of Streamlit's stays as it is from one load of a page to the next."""
    if guest := _guest():
        return guest.id
    return HERE


def demo_owner() -> str:
    """Whose demos are meant on this page: of a shared dashboard the visitor's own, else everybody's, ""."""
    return "" if current_authenticator() is None else visitor()


def closed() -> str:
    """Why no page is shown; "" when they are. The gate should have seen to it; this is the second lock."""
    if current_authenticator() is not None:
        return "" if _guest() else "This dashboard is shared behind a password; log in at /login."
    if st.get_option("server.address") in LOCAL:
        return ""
    return (
        f"This dashboard would be open to the network without a password (server.address is "
        f"{st.get_option('server.address') or 'not set'}); start it with make share, or for this computer alone with make run."
    )


def is_host() -> bool:
    """Whether they may change everything: alone at the computer, or with the host's password."""
    if current_authenticator() is None:
        return True
    guest = _guest()
    return guest is not None and guest.is_host


def is_shared() -> bool:
    """Whether others may come in, with a password."""
    return current_authenticator() is not None


def place_of(folder: Path) -> str:
    """Where it lies on this computer; to a guest its name alone, as the rest is nobody else's."""
    return str(folder) if is_host() else folder.name


def draw_who() -> None:
    """On a shared dashboard: as whom one is here, and the way out."""
    if current_authenticator() is None:
        return
    role = "the host and may change everything" if is_host() else "a guest and may change what you made yourself"
    st.html(f'<p class="quiet">You are {role}. <a href="/logout" target="_self">Log out</a></p>')


def may_change(run: Run) -> bool:
    """The example is nobody's: it is hidden, not changed."""
    return not run.is_example() and (is_host() or read_metadata(run).owner == visitor())


def read_only_words(run: Run) -> str:
    """Why they may not change it, where `may_change` says so."""
    return THE_EXAMPLE if run.is_example() else READ_ONLY


def may_change_dataset(dataset: OwnDataset) -> bool:
    """Whether it is theirs, or they are the host, who alone may change one that cannot be read."""
    try:
        return is_host() or dataset.about("owner") == visitor()
    except OwnDataError:
        return False


def may_change_job(job: Job) -> bool:
    """Whether the import is theirs, or they are the host."""
    return is_host() or job.owner == visitor()


def new_job_of_visitor(size: int = 0) -> Job:
    """A folder for an import of so many bytes. Raises OwnDataError, also when a guest has too much already."""
    return new_job(data_folder(), visitor()) if is_host() else new_guest_job(data_folder(), visitor(), size)


def _guest() -> Guest | None:
    found = current_authenticator()
    token = st.context.cookies.get(COOKIE) if found else None
    return found.guest(token) if found and isinstance(token, str) else None
