"""Starting a run from a page, and going on with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.paths import data_folder, runs_folder
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.bounds import check_guest, most_waiting
from core.runs.store import Run, create_run
from core.workers.control import ask_to_resume
from core.workers.dispatch import submit_all
from core.workers.launch import prepare
from core.workers.places import check_computer
from pages.components.shell.links import TRAIN, page_link, run_page, switch_page
from pages.components.shell.messages import errors_shown
from pages.components.shell.rights import is_host, visitor
from pages.components.shell.widgets import pressed


def start_run(config: RunConfig, computer: str = "", started: Callable[[Run], object] = lambda _: None) -> None:
    """Stores and queues a run, which starts at once where there is room, has it `started`, then goes to its page. `computer`: see
    `QueuePlace`.

    On failure shows the sentence where it is called.
    """
    with errors_shown():
        [run] = start_all([config], computer)
        started(run)
        switch_page(run_page(run.id))


def start_all(configs: Sequence[RunConfig], computer: str = "") -> list[Run]:
    """Stores and queues runs for the visitor, all in one step. Raises TrainDeskError, also when a guest would have too many."""
    if not is_host():
        check_guest(runs_folder(), visitor(), len(configs), configs[0].experiment)
    check_computer(runs_folder(), computer, {config.training.device for config in configs})
    runs = [create_run(config, runs_folder(), sync=len(configs) == 1) for config in configs]
    submit_all(runs, data_folder(), visitor(), _most(), computer)
    return runs


def go_on(
    run: Run,
    more_epochs: int = 0,
    learning_rate: float | None = None,
    device: str = "",
    computer: str = "",
    batch_size: int = 0,
) -> None:
    """Has a worker go on with a run, now or when there is room. Raises TrainDeskError."""
    if not is_host():
        check_guest(runs_folder(), visitor(), 1)
    check_computer(runs_folder(), computer, [device or run.config().training.device])
    ask_to_resume(run, more_epochs, learning_rate, device, computer, batch_size=batch_size)
    submit_all([run], data_folder(), visitor(), _most(), computer)


def _most() -> int | None:
    """Runs that the visitor may have waiting; None for the host, who may have any number."""
    return None if is_host() else most_waiting(runs_folder())


def draw_first_steps(text: str, label: str = "Choose another recipe") -> None:
    """What is said where there is nothing to show yet, and the two ways to change that."""
    st.markdown(text)
    start_digits_button("start digits")
    page_link(TRAIN, label=label)


def start_digits_button(key: str, primary: bool = True) -> None:
    """The shortest way to a trained network: one click, no internet, no settings."""
    prepare()
    icon = ":material/play_arrow:"
    if pressed("Start the digits training", type="primary" if primary else "secondary", icon=icon, key=key):
        start_run(find_recipe("digits").config())
