"""The top of a run's page: its name, what people say about it, and what to do when it is not there."""

from __future__ import annotations

import streamlit as st

from core.errors import TrainDeskError
from core.paths import runs_folder
from core.run_config import RunConfig
from core.runs.metadata import read_metadata, title_of
from core.runs.store import Run
from core.runs.trash import deleted_runs, restore_run
from pages.components.shell.links import ALL_RUNS, experiment_page, page_link
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.number_words import moment, plain_markdown
from pages.components.shell.rights import may_change, read_only_words
from pages.components.shell.setting_words import in_short, read_config


def draw_heading(run: Run, config: RunConfig | None) -> None:
    """Title, and in a line below it what is trained on what, tags and experiment."""
    metadata = read_metadata(run)
    star = ":material/star: " if metadata.favourite else ""
    title = title_of(run, config, metadata)
    st.title(star + plain_markdown(title), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="about"):
        if config:
            what = in_short(config)
            st.caption(plain_markdown(moment(run.created()) if title == what else what), width="content")
        for tag in metadata.tags:
            st.badge(plain_markdown(tag), color="gray")
        if config and config.experiment:
            page_link(
                experiment_page(config.experiment), label=plain_markdown(config.experiment), icon=":material/science:"
            )
        if not may_change(run):
            st.caption(read_only_words(run), width="content")


def draw_missing(wanted: str, why: TrainDeskError) -> None:
    """A run that is not in the list: perhaps it lies in the trash."""
    deleted = {run.id: run for run in deleted_runs(runs_folder())}
    if wanted in deleted:
        run = deleted[wanted]
        st.title(plain_markdown(title_of(run, read_config(run)[0])))
        st.markdown("This run was deleted. It lies in the trash and can be had back.")
        if may_change(run) and st.button("Restore", icon=":material/undo:", type="primary", key="restore this"):
            with errors_shown():
                restore_run(wanted, runs_folder())
                st.rerun()
    else:
        st.title("Run not found")
        show_error(why)
    page_link(ALL_RUNS, label="See all runs")
