"""The top of every page: browser title, icon, style and the navigation."""

from __future__ import annotations

import base64
import contextlib
from functools import lru_cache
from pathlib import Path

import streamlit as st

from core.errors import TrainDeskError
from core.paths import data_folder, runs_folder
from core.runs.dispatch import ensure_supervisor
from pages.components.messages import show_error
from pages.components.rights import closed

FOLDER = Path(__file__).parent
PRESENTING = "presenting"
ICON = FOLDER / "icon.png"  # a picture file: a Material icon would make the browser ask a foreign host for it
PAGES = {
    "dashboard.py": "Home",
    "pages/data.py": "Data",
    "pages/train.py": "Train",
    "pages/runs.py": "Runs",
    "pages/classify.py": "Classify",
    "pages/system.py": "Computer",
}


def open_page(title: str) -> None:
    """Sets up a page and draws its header. The first call of every page."""
    st.set_page_config(page_title=f"{title} - TrainDesk", page_icon=str(ICON), layout="wide")
    st.html(FOLDER / "style.css")
    if problem := closed():
        show_error(problem)
        st.stop()
    if st.session_state.get(PRESENTING):
        st.html(FOLDER / "presenting.css")
        with st.container(key="leave", horizontal=True, horizontal_alignment="right"):
            _view_button(":material/close_fullscreen:", "leave presenting", "Back to the usual view", False)
    else:
        _draw_navigation()
    with contextlib.suppress(TrainDeskError):  # the page of a run that waits says why nothing starts
        ensure_supervisor(runs_folder(), data_folder())


def _draw_navigation() -> None:
    with st.container(key="header", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.html(
            f'<div class="brand"><img src="{_icon_data()}" alt="" width="30" height="30"> <span>TrainDesk</span></div>'
        )
        for page, label in PAGES.items():
            st.page_link(page, label=label)
        with st.container(width="content", key="help"):
            st.page_link("pages/glossary.py", label=":material/help:", help="What the words mean")
        with st.container(width="content", key="present"):
            _view_button(":material/co_present:", "present to a room", "Presenter view: large type, no menus", True)


def _view_button(icon: str, key: str, tip: str, presenting: bool) -> None:
    """Changes the view of all pages, until the other one of these changes it back."""
    st.button(icon, key=key, type="tertiary", help=tip, on_click=_present, args=(presenting,))


def _present(presenting: bool) -> None:
    st.session_state[PRESENTING] = presenting


@lru_cache
def _icon_data() -> str:
    return "data:image/png;base64," + base64.b64encode(ICON.read_bytes()).decode()
