"""How much room runs take, and what can be thrown away."""

from __future__ import annotations

import streamlit as st

from core.files import folder_size
from core.paths import runs_folder
from core.runs.disk import disk_warning
from core.runs.trash import deleted_runs, empty_trash
from pages.components.shell.links import anchor, run_page
from pages.components.shell.messages import errors_shown, show_warning
from pages.components.shell.number_words import count, gigabytes
from pages.components.shell.rights import is_host
from pages.components.shell.summaries import summaries
from pages.components.shell.tables import html_table, table_row

LARGEST = 5  # runs that are listed


def draw_disk() -> None:
    """Sizes of all runs, the largest of them, and the trash."""
    st.subheader("Room on the disk")
    if warning := disk_warning(runs_folder()):
        show_warning(warning)
    runs = sorted(summaries(), key=lambda run: run.size, reverse=True)
    st.markdown(f"{count(len(runs), 'run')} take **{gigabytes(sum(run.size for run in runs))}** in `{runs_folder()}`.")
    if len(runs) > 1:
        with st.expander("The largest"):
            rows = (table_row(anchor(run_page(run.id), run.title), [gigabytes(run.size)]) for run in runs[:LARGEST])
            st.html(html_table((), rows))
    draw_trash()


def draw_trash() -> None:
    """What lies in the trash, and the way to empty it."""
    deleted = deleted_runs(runs_folder())
    if not deleted:
        st.caption("The trash is empty.")
        return
    size = gigabytes(sum(folder_size(run.folder) for run in deleted))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{count(len(deleted), 'deleted run')} in the trash, {size}.")
        if not is_host():
            return
        with st.popover("Empty the trash", icon=":material/delete_forever:"):
            st.markdown(f"{count(len(deleted), 'run')} will be gone for good.")
            if st.button("Yes, empty it", type="primary", key="empty the trash"):
                with errors_shown():
                    empty_trash(runs_folder())
                    st.rerun()
