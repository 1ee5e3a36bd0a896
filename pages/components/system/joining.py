"""The host adds a computer: what to do there, in three steps, and the join files that let it in.

What talks to other computers needs packages of its own. Here it is only asked whether they are there; no page imports them.
"""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.nodes.authority import JoinFile, missing_packages
from core.nodes.desk_process import PORT, Join, desk_place, joins, make_join_file, revoke_join
from core.nodes.hello import own_versions
from core.paths import HOME, data_folder, runs_folder
from core.text.lists import listed
from pages.components.shell.downloads import download
from pages.components.shell.messages import errors_shown
from pages.components.shell.number_words import moment
from pages.components.shell.widgets import action, pressed

OPEN, MADE = "adding a computer", "join file that was made"
INSTALL = "pip install -r requirements-nodes.txt"
SET_UP = """python -m venv .venv
. .venv/bin/activate
pip install torch=={torch} -r requirements.txt -r requirements-nodes.txt"""


def draw_joining() -> None:
    """A button, and the steps that it opens."""
    is_open = st.session_state.get(OPEN, False)
    label = "Close" if is_open else "Add a computer"
    icon = ":material/close:" if is_open else ":material/add:"
    st.button(label, icon=icon, key="add a computer", on_click=st.session_state.update, args=({OPEN: not is_open},))
    if is_open:
        with st.container(border=True, key="joining", width=800):
            _draw_what_is_missing(missing) if (missing := missing_packages()) else _draw_steps()


def _draw_what_is_missing(missing: list[str]) -> None:
    names = listed([f"`{name}`" for name in missing])
    st.markdown(f"What talks to other computers is not installed here ({names}). In the environment of `{HOME}`:")
    st.code(INSTALL, language=None, wrap_lines=True)


def _draw_steps() -> None:
    folder, versions = runs_folder(), own_versions()
    st.markdown(
        f"**1. Copy TrainDesk to the other computer**: the folder `{HOME}` without `.venv`, `data` and `checkpoints`. It must be "
        f"this very version, and so must Python ({versions['python']}) and PyTorch ({versions['torch']}). There, in that folder "
        "(on Windows the second line is `.venv\\Scripts\\activate`):"
    )
    st.code(SET_UP.format(torch=versions["torch"]), language=None, wrap_lines=True)
    st.markdown("**2. Make a join file and copy it there, too.** One does for all computers that join within a day.")
    made = _made()
    if made:
        download(f"Save {made.file_name}", lambda: made.data, made.file_name, "join file", is_primary=True)
    elif pressed("Make a join file", "make a join file", type="primary"):
        with errors_shown():
            with st.spinner("Getting ready to be called by other computers ..."):
                st.session_state[MADE] = make_join_file(folder, data_folder())
            st.rerun()
    st.markdown("**3. Run this there.**" if made else "**3. Run the line there that then stands here.**")
    if made:
        st.code(made.line, language=None, wrap_lines=True)
    port = desk_place(folder).port or PORT
    st.caption(
        f"It then appears in the list below. It calls this computer, which listens at port {port} as soon as there is a join "
        "file: a firewall here must let that in. Nothing has to be opened there."
    )
    _draw_valid()


def _made() -> Join | None:
    """The file that this visitor made, as long as it lets anyone in."""
    made: Join | None = st.session_state.get(MADE)
    return made if made and any(made.file_name == file_name(join) for join in joins(runs_folder())) else None


def _draw_valid() -> None:
    if not (valid := joins(runs_folder())):
        return
    st.markdown("**Join files that let computers in.** Whoever has one can join: give it to nobody else.")
    for join in valid:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"join {join.id}"):
            st.markdown(f"`{file_name(join)}` until {moment(join.expires)}")
            action("Revoke", partial(revoke_join, runs_folder(), join.id), key=f"revoke {join.id}")


def file_name(join: JoinFile) -> str:
    """Under which it was handed out."""
    return f"join-{join.id}.tdk"
