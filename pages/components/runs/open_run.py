"""Opening a run that was saved as a file: chosen, or dropped, in a quiet place of the page Runs."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import streamlit as st

from core.errors import TrainDeskError
from core.export.saved.archive import ENDING
from core.export.saved.opened_runs import check_guest_room
from core.export.saved.run_file import AlreadyHere, open_run
from core.files import remedy
from core.paths import data_folder, runs_folder
from core.runs.store import Run
from core.runs.workspace import workspace_folder
from core.text.typed import clean_line
from pages.components.shell.histories import run_of, summary
from pages.components.shell.links import run_page, title_link
from pages.components.shell.messages import attempt, set_problem, show_problem
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.rights import is_host, visitor
from pages.components.shell.widgets import component

HERE = "opening a run"  # for `show_problem`
ROUND = "round of saved runs"  # a new number empties the uploader and closes the place
SEEN = "saved run that was tried"  # the number that Streamlit gave to the file
OPENED = "opened run"  # (id, whether it was here already)
_drop = component("drop", Path(__file__).parent)


def draw_open_place() -> None:
    """A button; what it opens takes a file, also one that is dropped anywhere on the page, and says below it why one cannot be
    opened."""
    number = st.session_state.get(ROUND, 0)
    with st.popover("Open a saved run", icon=":material/file_open:", type="tertiary", key=f"open a run {number}"):
        file = st.file_uploader(
            f"A run that was saved in TrainDesk, here or on another computer ({ENDING})",
            type=[ENDING.removeprefix(".")],
            key=f"saved run {number}",
        )
        st.caption(
            "It comes with its curves and its network, and can be tried and trained on. It changes no run that is here."
        )
        if file is None:
            set_problem(HERE, "")
        elif st.session_state.get(SEEN) != file.file_id:
            st.session_state[SEEN] = file.file_id
            with st.spinner("Opening it ..."):
                done = attempt(HERE, lambda: _open(file))
            if done:
                st.rerun()
        show_problem(HERE)


def take_drops() -> None:
    """Has a file that is dropped anywhere on the page go there. At the end of the page, where nothing is seen of it."""
    _drop(key="drop a run", data={})


def _open(file: Any) -> None:
    """Brings what the browser sent and has the place closed: here, as a press elsewhere breaks off what follows. Raises
    TrainDeskError."""
    if not is_host():
        check_guest_room(runs_folder(), visitor(), file.size)
    name = PurePosixPath(clean_line(file.name.replace("\\", "/"))).name[-60:] or f"run{ENDING}"
    try:
        with tempfile.TemporaryDirectory(dir=workspace_folder(runs_folder()), prefix="opening-") as folder:
            path = Path(folder) / name
            path.write_bytes(file.getbuffer())
            opened = (open_run(path, runs_folder(), data_folder(), visitor()).id, False)
    except AlreadyHere as error:
        opened = (error.run.id, True)
    except OSError as error:
        raise TrainDeskError(f"The file could not be stored ({error.strerror}); {remedy(error)}.") from error
    st.session_state.update({OPENED: opened, ROUND: st.session_state.get(ROUND, 0) + 1})


def draw_opened() -> None:
    """What was opened a moment ago, with the way to it."""
    run_id, was_here = st.session_state.get(OPENED, ("", False))
    run: Run = run_of(run_id)
    if not run_id or not run.is_here():
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="opened"):
        title = plain_markdown(f"'{summary(run).title}'")
        st.markdown(
            f"{title} is here already, as far as the file has it; nothing was changed."
            if was_here
            else f"{title} is here now."
        )
        title_link(run_page(run.id), "Look at it")
