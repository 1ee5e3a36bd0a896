"""The top of every page: browser title, icon, style and the navigation."""

from __future__ import annotations

import contextlib
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import TrainDeskError
from core.nodes.desk_process import ensure_desk
from core.paths import data_folder, runs_folder
from core.workers.dispatch import ensure_supervisor
from pages.components.shell.classifiers import soon
from pages.components.shell.downloads import forget_offers
from pages.components.shell.html_parts import data_address
from pages.components.shell.links import (
    ALL_RUNS,
    CLASSIFY,
    COMPUTER,
    DATA,
    GLOSSARY,
    HOME,
    LESSONS,
    TRAIN,
    go_on,
    is_presenting,
    page_link,
    set_presenting,
)
from pages.components.shell.messages import show_error
from pages.components.shell.rights import closed

FOLDER = Path(__file__).parent
WAKES = 20.0  # seconds between two tries to start the process that other computers call
ICON = FOLDER / "icon.png"  # a picture file: a Material icon would make the browser ask a foreign host for it
ICON_ADDRESS = data_address(ICON.read_bytes())
HISTORY = f"<script>{(FOLDER / 'history.js').read_text(encoding='utf-8')}</script>"  # holds nothing that a visitor sent
PAGES = {
    "Home": HOME,
    "Lessons": LESSONS,
    "Data": DATA,
    "Train": TRAIN,
    "Runs": ALL_RUNS,
    "Classify": CLASSIFY,
    "Computer": COMPUTER,
}


def open_page(title: str) -> None:
    """Sets up a page and draws its header. The first call of every page."""
    name_tab(title)
    go_on()
    forget_offers()
    st.html(FOLDER / "style.css")
    with st.container(key="history"):
        st.html(HISTORY, unsafe_allow_javascript=True)
    if problem := closed():
        show_error(problem)
        st.stop()
    if is_presenting():
        st.html(FOLDER / "presenting.css")
        with icon_only("leave"):
            _view_button("Leave the presenter view", ":material/close_fullscreen:", "leave presenting", False)
    else:
        _draw_navigation()
    with contextlib.suppress(TrainDeskError):  # the page of a run that waits says why nothing starts
        ensure_supervisor(runs_folder(), data_folder())
    with contextlib.suppress(TrainDeskError):  # the page of the computer says of which others nothing is heard
        wake_desk(str(runs_folder()), str(data_folder()))
    soon("scipy.special")  # how sure an accuracy is: asked for by the page of a run


def name_tab(title: str) -> None:
    """What the browser's tab, its history and its bookmarks call the page; called again where it shows one of many."""
    st.set_page_config(page_title=f"{title} - TrainDesk", page_icon=str(ICON), layout="wide")


@st.cache_data(ttl=WAKES, max_entries=8, show_spinner=False)
def wake_desk(runs: str, data: str) -> None:
    """Has computers that joined find this one again, after it was switched off for example. Raises TrainDeskError."""
    ensure_desk(Path(runs), Path(data))


def _draw_navigation() -> None:
    with st.container(key="header", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.html(
            f'<div class="brand"><img src="{ICON_ADDRESS}" alt="" width="30" height="30"> <span>TrainDesk</span></div>'
        )
        for label, page in PAGES.items():
            page_link(page, label=label)
        with icon_only("help"):
            page_link(GLOSSARY, label="What the words mean", icon=":material/help:")
        with icon_only("present"):
            _view_button("Presenter view: large type, no menus", ":material/co_present:", "present to a room", True)


def _view_button(label: str, icon: str, key: str, presenting: bool) -> None:
    """Changes the view, until the other one of these changes it back."""
    st.button(label, icon=icon, key=key, type="tertiary", help=label, on_click=set_presenting, args=(presenting,))


def icon_only(name: str) -> DeltaGenerator:
    """A place for a button or link of which style.css shows the icon alone; its label is what a screen reader reads."""
    return st.container(key=f"icon-{name}", width="content")
