"""How fast a run that trains goes on for those who watch: full speed, slow motion, or one step at a click."""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st

from core.run_config import RunConfig
from core.runs.history import History
from core.runs.playback import Playback, ask_for_playback, playback_of
from core.runs.running import epochs_at
from core.runs.store import Run
from pages.components.run.controls import ask
from pages.components.shell.histories import shared_history
from pages.components.shell.rights import may_change

SLOW_MOTION = (2.0, 5.0, 10.0, 30.0, 60.0)  # seconds for an epoch
AT_FIRST = 10.0


def current_playback(run: Run, config: RunConfig) -> Playback:
    """The one that was asked for last, else that of the settings."""
    return playback_of(run) or Playback(config.training.epoch_seconds)


def draw_speed(run: Run, config: RunConfig) -> None:
    """A choice of the speed, as a button of the row in which it is called.

    Of buttons, as a list would be given its value at each refresh, and one that is under way could take a click back.
    """
    with st.popover("Speed", icon=":material/slow_motion_video:", key=f"speed {run.id}"):
        now = current_playback(run, config)
        seconds = now.epoch_seconds or config.training.epoch_seconds or AT_FIRST
        with st.container(horizontal=True, gap="xsmall"):
            _choice(run, "Full speed", Playback(), is_now=now == Playback())
            _choice(run, "Slow motion", Playback(seconds), is_now=now.until is None and now.epoch_seconds > 0)
            _choice(run, "Step by step", Playback(until=_done(run)), is_now=now.until is not None)
        if now.until is not None:
            st.caption("It waits after each step. **Next step** and **Next epoch** stand above the curves.")
        elif now.epoch_seconds:
            st.caption("An epoch lasts at least so long, so that people can follow:")
            with st.container(horizontal=True, gap="xsmall"):
                for each in sorted({*SLOW_MOTION, now.epoch_seconds}):
                    _choice(run, f"{each:g} s", Playback(each), is_now=each == now.epoch_seconds)
        else:
            st.caption("As fast as this computer can.")


def _choice(run: Run, label: str, playback: Playback, is_now: bool) -> None:
    kind: Literal["primary", "secondary"] = "primary" if is_now else "secondary"
    st.button(label, key=f"{label} {run.id}", type=kind, on_click=_leave, args=(run, playback))


def draw_steps(run: Run, config: RunConfig) -> None:
    """What lets a run that waits after each step go on, as buttons of the row in which it is called."""
    if current_playback(run, config).until is None or not may_change(run):
        return
    with st.container(horizontal=True, width="content", gap="xsmall", key="steps"):
        for label, icon in (("Next step", "skip_next"), ("Next epoch", "fast_forward")):
            args = (run, config, label == "Next epoch")
            st.button(label, key=f"{label} {run.id}", icon=f":material/{icon}:", on_click=_go_on, args=args)


def waits_after(run: Run, config: RunConfig, history: History) -> bool:
    """Whether it stands still until someone asks for the next step: its worker has heard of it and did all that was asked for."""
    until, last = current_playback(run, config).until, history.last_step
    return history.is_by_step and until is not None and last is not None and last["step"] >= until


def _go_on(run: Run, config: RunConfig, whole_epoch: bool) -> None:
    """One step or epoch more than was asked for, or than are done. Clicks within one run of the page count once."""
    history = shared_history(run).history
    per_epoch = max(1, (history.started or {}).get("steps_per_epoch", 1))
    at = max(_done(run), current_playback(run, config).until or 0)
    done = float(epochs_at(history, np.array([at]))[0])
    to_its_end = max(1, round((1 - done % 1) * per_epoch))
    _leave(run, Playback(until=at + (to_its_end if whole_epoch else 1)))


def _done(run: Run) -> int:
    last = shared_history(run).history.last_step
    return int(last["step"]) if last else 0


def _leave(run: Run, playback: Playback) -> None:
    ask(run, lambda: ask_for_playback(run, playback))
