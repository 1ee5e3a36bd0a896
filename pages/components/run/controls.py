"""What a person can do with a run: pause, stop or change the learning rate while it trains; go on with it afterwards.

What cannot be done is one sentence beside the button.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core.errors import TrainDeskError
from core.experiments.values import number_in
from core.machine.devices import problem_of_devices
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.queue import move, waiting, withdraw
from core.runs.store import Run, Status
from core.text.numbers import decimal, fitting
from core.workers.control import check_learning_rate
from core.workers.launch import prepare
from core.workers.short_memory import half_batch
from pages.components.run.elsewhere import draw_ended_elsewhere, draw_resume_on, draw_wish
from pages.components.run.resuming import resume, where_it_goes_on
from pages.components.shell.messages import attempt, problem, set_problem, show_problem
from pages.components.shell.rights import may_change
from pages.components.shell.widgets import pressed
from pages.components.train.form_choices import devices

MORE_EPOCHS = 5
RESUMABLE = ("paused", "stopped", "interrupted", "failed")
LENGTHENED = ("finished", "stopped")


def draw_active_controls(run: Run, config: RunConfig | None, history: History) -> None:
    """Pause, Stop and the learning rate, as buttons of the row in which it is called; none for a run of someone else's."""
    if not may_change(run):
        return
    _pause_and_stop(run)
    if config and not (run.stop_request.exists() or run.pause_request.exists()):
        with st.popover("Learning rate", icon=":material/speed:", key=f"learning rate {run.id}"):
            _learning_rate(run, config, history)


def _pause_and_stop(run: Run) -> None:
    stopping, pausing = run.stop_request.exists(), run.pause_request.exists()
    st.button(
        "Pausing ..." if pausing and not stopping else "Pause",
        key=f"pause {run.id}",
        icon=":material/pause_circle:",
        disabled=stopping or pausing,
        on_click=ask,
        args=(run, run.request_pause),
        help="Ends the training after the current step. Resume goes on from there, also after a restart.",
    )
    st.button(
        "Stopping ..." if stopping else "Stop",
        key=f"stop {run.id}",
        icon=":material/stop_circle:",
        disabled=stopping,
        on_click=ask,
        args=(run, run.request_stop),
        help="Ends the training after the current step. What it has learned is kept and can be tried.",
    )


def draw_queue_controls(run: Run, known: tuple[int, int] | None = None) -> None:
    """Another place for a run that waits, or out of the queue, as buttons of the row in which it is called.

    `known`, in a list: its place, and how many wait.
    """
    if not may_change(run):
        return
    place, waits = known or _place(run)
    has_later = place < waits - 1
    kept = "It keeps its settings and what it has learned, and can be started later."
    for key, label, icon, work, is_possible, tip in (
        ("first", "Run next", "vertical_align_top", partial(move, run, "first"), place > 0, None),
        ("up", "One earlier", "arrow_upward", partial(move, run, "up"), place > 0, None),
        ("down", "One later", "arrow_downward", partial(move, run, "down"), has_later, None),
        ("withdraw", "Take out of the queue", "close", partial(withdraw, run), True, kept),
    ):
        st.button(
            label,
            key=f"{key} {run.id}",
            icon=f":material/{icon}:",
            disabled=not is_possible,
            type="tertiary" if known else "secondary",
            on_click=attempt,
            args=(f"ask {run.id}", work),
            help=tip,
        )
    draw_wish(run, is_in_list=known is not None)


def _place(run: Run) -> tuple[int, int]:
    runs = [entry.run for entry in waiting(run.folder.parent)]
    return runs.index(run) if run in runs else 0, len(runs)


def draw_ended_controls(run: Run, status: Status, config: RunConfig, history: History) -> None:
    """Resume and more epochs, as buttons of the row in which it is called; none for a run that is someone else's."""
    if not may_change(run):
        return
    if draw_ended_elsewhere(run, status):
        return
    if status.name in RESUMABLE or status.name in LENGTHENED:
        prepare()  # a click is likely: the next worker is warm by then
    _smaller_batch(run, config, history)
    has_begun = history.started is not None
    comes_first = status.name == "paused" or not has_begun
    if status.name == "failed" and has_begun:
        with st.popover("Resume", icon=":material/resume:", key=f"resume {run.id}"):
            _resume_failed(run, config, history)
    elif status.name in RESUMABLE and pressed(
        "Resume" if has_begun else "Try again" if status.name in ("failed", "interrupted") else "Start",
        key=f"resume {run.id}",
        icon=":material/resume:",
        type="primary" if comes_first else "secondary",
        help=where_it_goes_on(run),
    ):
        resume(run)
    if status.name in RESUMABLE and may_change(run):
        _on_another_device(run, config)
        draw_resume_on(run)
    draw_lengthening(run, status, config, history)


def _smaller_batch(run: Run, config: RunConfig, history: History) -> None:
    """The way out of a memory that was short, where a smaller batch is one."""
    if (half := half_batch(history.end)) is None or half >= config.training.batch_size:
        return
    rate = decimal(current_learning_rate(config, history))
    if pressed(
        "Halve the batch and go on",
        key=f"halve {run.id}",
        icon=":material/safety_divider:",
        help=f"{where_it_goes_on(run)} From then on a batch has {half:,} images instead of "
        f"{config.training.batch_size:,}; the learning rate stays {rate}.",
    ):
        resume(run, batch_size=half)


def draw_lengthening(run: Run, status: Status, config: RunConfig, history: History) -> None:
    """More epochs for a run that ended well, as a button of the row in which it is called."""
    if status.name in LENGTHENED and history.started is not None and may_change(run):
        with st.popover("Train more epochs", icon=":material/add:", key=f"lengthen {run.id}"):
            _more_epochs(run, config)


def current_learning_rate(config: RunConfig, history: History) -> float:
    """The one that counts, before the schedule."""
    changes = [event.get("learning_rate") for event in history.learning_rates]
    return next((rate for rate in reversed(changes) if rate), config.optimizer.learning_rate)


def _learning_rate(run: Run, config: RunConfig, history: History) -> None:
    now = current_learning_rate(config, history)
    key = f"new learning rate {run.id}"
    tip = "Before the schedule, which goes on as planned and takes its shares of the new value."
    _rate_field("Learning rate from the next step on", key, now, tip, set_problem, (f"learning rate {run.id}", ""))
    st.button("Apply", key=f"apply {run.id}", type="primary", on_click=_change_learning_rate, args=(run, config, key))
    with st.container(key=f"said of {key}"):  # one or the other, in one place: an old one would stay beside a new one
        if problem(f"learning rate {run.id}"):
            show_problem(f"learning rate {run.id}")
        elif run.learning_rate_request.exists():
            st.caption("It changes with the next step.")
        else:
            st.caption(f"Now {decimal(now)}, before the schedule ({config.schedule.label}).")


def _resume_failed(run: Run, config: RunConfig, history: History) -> None:
    """What failed once fails again, unless something changes."""
    now = current_learning_rate(config, history)
    key = f"learning rate after failure {run.id}"
    _rate_field("Learning rate from then on", key, now, "A loss that exploded needs a smaller one.")
    if pressed("Resume", key=f"go {run.id}", type="primary", help=where_it_goes_on(run)):
        resume(run, rate=lambda: None if (wanted := _typed_rate(config, key)) == now else wanted)


def _more_epochs(run: Run, config: RunConfig) -> None:
    key = f"more epochs {run.id}"
    more = st.number_input("Epochs more", value=MORE_EPOCHS, step=1, format="%d", key=key)
    planned = config.training.epochs
    st.caption(
        f"{planned:,} {fitting(planned, 'were')} planned; with {more:,} more it trains to epoch {planned + more:,}."
        if more and more > 0
        else "Give a whole number of at least 1."
    )
    if config.schedule.name != "constant":
        st.caption(f"The schedule ({config.schedule.label}) is stretched over all of them.")
    if pressed("Train on", key=f"train on {run.id}", type="primary", disabled=not more or more < 1):
        resume(run, more_epochs=more)


def _rate_field(label: str, key: str, now: float, tip: str, *on_change: Any) -> None:
    """What it holds until someone types is always the same, as another value would be another widget; and not from session_state,
    which a popover that is opened after some refreshes never gets to see."""
    at_first = st.session_state.setdefault(f"{key} at first", decimal(now, digits=12))
    changed, args = on_change or (None, None)
    st.text_input(label, at_first, key=key, live=True, help=tip, on_change=changed, args=args)


def _typed_rate(config: RunConfig, key: str) -> Any:
    """As in the form: what is no number is left for the settings to find fault with. Raises SeveralReadings."""
    return number_in(config.fields()["optimizer.learning_rate"], st.session_state[key])


def _on_another_device(run: Run, config: RunConfig) -> None:
    """Going on with another device, where there is another one than the run had."""
    now = config.training.device
    too_many = problem_of_devices(
        now, config.training.devices
    )  # at once: whichever is chosen, it is as many as are here
    others = {device: words for device, words in devices().items() if device != now or too_many}
    if not too_many and len(others) < (2 if now in devices() else 1):  # "auto" is the only other one: it means the same
        return
    with st.popover("On another device", icon=":material/memory:", key=f"other device {run.id}"):
        device = st.selectbox("Device", list(others), format_func=others.__getitem__, key=f"device {run.id}")
        st.caption(
            "The weights go along. A GPU and a processor round differently, so the numbers are not the same to the last digit."
        )
        if pressed("Resume there", key=f"resume there {run.id}", type="primary"):
            resume(run, device=device)


def ask(run: Run, request: Callable[[], None]) -> None:
    """Leaves a request in the run's folder; when it could not be left, a sentence says so under the row of buttons."""
    attempt(f"ask {run.id}", lambda: _requested(run, request))


def _requested(run: Run, request: Callable[[], None]) -> None:
    """Raises TrainDeskError."""
    try:
        request()
    except OSError as error:
        raise TrainDeskError(
            f"The request could not be left in {run.folder} ({error.strerror}); check that folder."
        ) from error


def _change_learning_rate(run: Run, config: RunConfig, key: str) -> None:
    def change() -> None:
        wanted = _typed_rate(config, key)
        check_learning_rate(config, wanted)
        ask(run, lambda: run.request_learning_rate(wanted))

    attempt(f"learning rate {run.id}", change)
