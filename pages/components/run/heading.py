"""The top of a run's page: its name, what people say about it, its buttons, and what to do when it is not there."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.datasets.own_images import OwnImages
from core.errors import TrainDeskError
from core.paths import data_folder, runs_folder
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.metadata import read_metadata, title_of
from core.runs.store import Run, Status
from core.runs.trash import deleted_runs, restore_run
from core.text.titles import whole
from pages.components.run.controls import draw_active_controls, draw_ended_controls, draw_queue_controls
from pages.components.run.elsewhere import draw_computer
from pages.components.run.manage import delete_button, draw_labels_form, favourite_button
from pages.components.run.phases import learned_nothing
from pages.components.run.playback import draw_speed
from pages.components.shell.links import ALL_RUNS, experiment_page, page_link, switch_page, title_link, try_page
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import moment, plain_markdown
from pages.components.shell.rights import may_change, read_only_words
from pages.components.shell.setting_words import in_short, read_config
from pages.components.shell.widgets import action, pressed
from pages.components.train.filled_form import open_again


def draw_heading(run: Run, config: RunConfig | None) -> None:
    """Title, and in a line below it what is trained on what, tags and experiment."""
    metadata = read_metadata(run)
    star = ":material/star: " if metadata.favourite else ""
    title = title_of(run, config, metadata)
    tip = whole(title)
    st.title(star + plain_markdown(title), anchor=False, help=plain_markdown(tip) if tip else None)  # style.css cuts it
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="about"):
        if config:
            what = in_short(config)
            st.caption(plain_markdown(moment(run.created()) if title == what else what), width="content")
        draw_computer(run)
        for tag in metadata.tags:
            st.badge(plain_markdown(tag), color="gray")
        if config and config.experiment:
            title_link(experiment_page(config.experiment), config.experiment, icon=":material/science:")
        if not may_change(run):
            st.caption(read_only_words(run), width="content")
    if config and isinstance(config.dataset, OwnImages) and (gone := config.dataset.erased(data_folder())):
        st.caption(f":material/event_busy: Its pictures were deleted on {gone.on}, as was chosen for them.")


def draw_missing(wanted: str, why: TrainDeskError) -> None:
    """A run that is not in the list: perhaps it lies in the trash."""
    deleted = {run.id: run for run in deleted_runs(runs_folder())}
    if wanted in deleted:
        run = deleted[wanted]
        st.title(plain_markdown(title_of(run, read_config(run)[0])))
        st.markdown("This run was deleted. It lies in the trash and can be had back.")
        if may_change(run):
            back = partial(restore_run, wanted, runs_folder())
            action("Restore", back, icon=":material/undo:", type="primary", key="restore this")
    else:
        st.title("Run not found")
        show_error(why)
    page_link(ALL_RUNS, label="See all runs")


def draw_buttons(run: Run, status: Status, config: RunConfig | None, history: History) -> None:
    """What can be done with the run now, in one row; nothing that this visitor may not do."""
    if status.is_active:
        draw_active_controls(run, config, history)
        if config and may_change(run):
            draw_speed(run, config)
    elif status.name == "queued":
        draw_queue_controls(run)
    else:
        _draw_ended(run, status, config, history)
    if may_change(run):
        with st.popover("More", icon=":material/more_horiz:", key=f"more {run.id}"):
            draw_labels_form(run)
            with st.container(horizontal=True):
                favourite_button([run])
                if not status.will_change:
                    delete_button([run], then=ALL_RUNS)


def _draw_ended(run: Run, status: Status, config: RunConfig | None, history: History) -> None:
    """A paused run waits to go on, a network that learned nothing for other settings, any other to be tried."""
    is_worthless = learned_nothing(history)
    if status.name == "paused" and config:
        draw_ended_controls(run, status, config, history)
    if run.checkpoint() and not is_worthless:
        _try_button(run, is_first=status.name != "paused")
    if status.name != "paused" and config:
        draw_ended_controls(run, status, config, history)
    if config and pressed(
        "Train again with changes",
        icon=":material/replay:",
        key=f"again {run.id}",
        type="primary" if is_worthless else "secondary",
    ):
        open_again(run)
    if run.checkpoint() and is_worthless:
        _try_button(run, is_first=False)


def _try_button(run: Run, is_first: bool) -> None:
    if pressed(
        "Try it: draw or upload",
        icon=":material/draw:",
        key=f"try {run.id}",
        type="primary" if is_first else "secondary",
    ):
        switch_page(try_page(run.id))
