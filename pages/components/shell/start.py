"""Starting a run from a page, and going on with one."""

from __future__ import annotations

import streamlit as st

from core.paths import data_folder, runs_folder
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.store import Run, create_run
from core.workers.control import ask_to_resume
from core.workers.dispatch import submit
from core.workers.launch import prepare
from pages.components.shell.links import TRAIN, page_link, run_page, switch_page
from pages.components.shell.messages import errors_shown
from pages.components.shell.rights import visitor


def start_run(config: RunConfig) -> None:
    """Stores and queues a run, which starts at once where there is room, then goes to its page.

    On failure shows the sentence where it is called.
    """
    with errors_shown():
        run = create_run(config, runs_folder())
        submit(run, data_folder(), visitor())
        switch_page(run_page(run.id))


def go_on(run: Run, more_epochs: int = 0, learning_rate: float | None = None) -> None:
    """Has a worker go on with a run, now or when there is room. Raises TrainDeskError."""
    ask_to_resume(run, more_epochs, learning_rate)
    submit(run, data_folder(), visitor())


def draw_first_steps(text: str, label: str = "Choose another recipe") -> None:
    """What is said where there is nothing to show yet, and the two ways to change that."""
    st.markdown(text)
    start_digits_button("start digits")
    page_link(TRAIN, label=label)


def start_digits_button(key: str, primary: bool = True) -> None:
    """The shortest way to a trained network: one click, no internet, no settings."""
    prepare()
    icon = ":material/play_arrow:"
    if st.button("Start the digits training", type="primary" if primary else "secondary", icon=icon, key=key):
        start_run(find_recipe("digits").config())
