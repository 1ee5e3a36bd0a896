"""Starting a run from a page."""

from __future__ import annotations

import streamlit as st

from core.paths import data_folder, runs_folder
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.store import create_run
from core.workers.dispatch import submit
from core.workers.launch import prepare
from pages.components.shell.links import run_page, switch_page
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


def start_digits_button(key: str, primary: bool = True) -> None:
    """The shortest way to a trained network: one click, no internet, no settings."""
    prepare()
    icon = ":material/play_arrow:"
    if st.button("Start the digits training", type="primary" if primary else "secondary", icon=icon, key=key):
        start_run(find_recipe("digits").config())
