"""A run and other computers: which one has it, what can be done when that one is lost, and where it waits to go."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.nodes.registry import HERE, is_in_touch, is_removed
from core.runs.placement import placement_of
from core.runs.queue import read_queued_run, send
from core.runs.store import Run, Status
from core.workers.places import check_computer
from pages.components.run.resuming import resume, set_note, where_it_goes_on
from pages.components.shell.computers import choose_computer, computers, in_words
from pages.components.shell.messages import attempt
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.widgets import is_echo, pressed, show_value


def draw_computer(run: Run) -> None:
    """Beside what the run is: which other computer has it or had it last, or which it waits for."""
    if (entry := read_queued_run(run)) and not run.is_on_its_way():
        words = f"for {in_words(entry.computer)}" if entry.computer and computers() else ""
    else:
        computer = placement_of(run.folder).computer
        words = f"on {plain_markdown(computer)}" if computer else ""
        if waits_for_files(run):
            words += "; its files are on their way"
    if words:
        st.caption(f":material/computer: {words}", width="content")


def waits_for_files(run: Run) -> bool:
    """Whether its training ended on another computer, whose files of it come by themselves."""
    placement = placement_of(run.folder)
    if not placement.is_elsewhere or placement.lost or run.status().will_change:
        return False
    return is_in_touch(run.folder.parent, placement.computer)


def draw_ended_elsewhere(run: Run, status: Status) -> bool:
    """What can be done with a run that another computer has and does not train, as buttons of the row in which it is called.

    False where it is this computer's, and can be resumed like any.
    """
    placement = placement_of(run.folder)
    if not placement.is_elsewhere:
        return False
    if waits_for_files(run):
        return True
    name = placement.computer
    note = f"{name} has lost the run: should it come back, what it did since then is put aside there."
    kind = "secondary" if run.checkpoint() else "primary"  # then it can be tried, which comes first
    if pressed("Resume here", f"resume {run.id}", type=kind, icon=":material/resume:", help=where_it_goes_on(run)):
        resume(run, computer=HERE, note=note)
    others = {each: words for each, words in computers(other_than=name).items() if each != HERE}
    if len(others) > 1:
        with st.popover("Resume elsewhere", icon=":material/computer:", key=f"elsewhere {run.id}"):
            computer = choose_computer(f"computer for {run.id}", choices=others)
            if pressed("Resume on it", f"resume on {run.id}", type="primary"):
                resume(run, computer=computer, note=note)
    if not is_removed(run.folder.parent, name) and pressed(
        "Wait for it", f"wait {run.id}", icon=":material/hourglass_empty:"
    ):
        what = (
            "its files come here" if status.name != "interrupted" else "the run goes on by itself, with all that it did"
        )
        set_note(run, f"Nothing more is to be done: as soon as {name} is heard of again, {what}.")
        st.rerun()
    return True


def draw_resume_on(run: Run) -> None:
    """Going on with a run on a computer that someone chooses, where there is a choice."""
    choices = {each: words for each, words in computers().items() if each}
    if choices:
        with st.popover("On another computer", icon=":material/computer:", key=f"computers {run.id}"):
            computer = choose_computer(f"computer for {run.id}", choices=choices)
            st.caption("What it needs goes along. Other processors round differently, so the last digits may differ.")
            if pressed("Resume on it", f"resume on {run.id}", type="primary"):
                resume(run, computer=computer)


def draw_wish(run: Run, is_in_list: bool) -> None:
    """Where a run that waits is to be trained, as a button of the row in which it is called."""
    entry, choices = read_queued_run(run), computers()
    if entry is None or not (choices or entry.computer):
        return
    kind = "tertiary" if is_in_list else "secondary"
    with st.popover("Computer", icon=":material/computer:", key=f"where {run.id}", type=kind):  # type: ignore[arg-type]
        choices = {"": in_words(""), **choices}
        choices.setdefault(entry.computer, f"{entry.computer} (was removed or has never joined)")
        key = f"wish {run.id}"
        show_value(key, entry.computer)
        st.selectbox(
            "Train it on",
            list(choices),
            key=key,
            format_func=lambda each: choices.get(each, each),
            on_change=attempt,
            args=(f"ask {run.id}", partial(_send, run, key)),
        )


def _send(run: Run, key: str) -> None:
    """Raises TrainDeskError."""
    computer = st.session_state[key]
    if is_echo(key):
        return
    check_computer(run.folder.parent, computer, [run.config().training.device])
    send(run, computer)
