"""The log of a run as lines of text, in a fold: what happened, newest last, and what its process printed. It moves while it is
open and the run trains."""

from __future__ import annotations

import contextlib
import time
from html import escape
from pathlib import Path

import streamlit as st

from core.analysis.run_words import device_in_words, precision_in_words
from core.runs import events
from core.runs.events import Event
from core.runs.store import Run
from core.text.numbers import bytes_in_words, decimal, percent
from pages.components.shell.fences import with_run_fence
from pages.components.shell.number_words import count, duration

REFRESH_SECONDS = 1.0
LINES = 200
SHOWN_BYTES = 64_000  # of the event log, from its end; an eighth of that of what a process printed


def draw_log(run: Run, moves: bool) -> None:
    """Folded, unless the run went wrong; nothing of it is read before it is open."""
    went_wrong = run.status().name in ("failed", "interrupted")
    fold = st.expander("Log", expanded=went_wrong, on_change="rerun", key=f"log {run.id}")
    if fold.open:
        with fold:
            st.fragment(_draw, run_every=REFRESH_SECONDS if moves else None)(run)


@with_run_fence("log")
def _draw(run: Run) -> None:
    found = events.events_in(_end_of(run.event_log, SHOWN_BYTES).encode())
    lines = [line for event in found if (line := in_a_line(event))][-LINES:]
    if not lines:
        st.caption("Nothing has happened yet.")
    st.html(_box("\n".join(lines), "What has happened"))
    if printed := _end_of(run.worker_log, SHOWN_BYTES // 8):
        st.markdown("What the training process wrote last:")
        st.html(_box(printed, "What the training process wrote last"))


def _box(text: str, label: str) -> str:
    return f'<div class="log" tabindex="0" role="log" aria-label="{label}"><pre>{escape(text)}</pre></div>'


def _end_of(path: Path, most: int) -> str:
    """The last whole lines of a file; nothing where there is none."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - most))
        text = file.read().decode("utf-8", errors="replace")
        return (text.partition("\n")[2] if size > most else text).strip()
    return ""


def in_a_line(event: Event) -> str:
    """ "14:03:12  epoch 2 done: ..."; nothing for an event that says nothing to people."""
    said = _said(event)
    moment = time.strftime("%H:%M:%S", time.localtime(event["time"])) if "time" in event else "--:--:--"
    return f"{moment}  {said}" if said else ""


def _said(event: Event) -> str:
    step = f"step {event.get('step', 0):,}"
    match event["event"]:
        case events.STARTED | events.RESUMED as kind:
            device = ", ".join(filter(None, (device_in_words(event), precision_in_words(event))))
            pictures = count(event.get("train_images", 0), "training picture")
            how = ", ".join(filter(None, (event.get("layout"), event.get("why"))))
            return f"{kind} on {device}: {pictures}, {event.get('total_steps', 0):,} steps" + (
                f" ({how})" if how else ""
            )
        case events.STEP:
            rate, speed = event.get("learning_rate"), event.get("images_per_second")
            more = [f"learning rate {decimal(rate)}" if rate else "", f"{speed:,.0f} pictures/s" if speed else ""]
            return ", ".join(filter(None, (f"{step}: {_metrics(event, 'train')}", *more)))
        case events.EPOCH:
            best = ", the best so far" if event.get("best") else ""
            trained, validated = _metrics(event, "train"), _metrics(event, "val")
            return f"epoch {event.get('epoch', 0):,} done: {trained}; validation {validated}{best}"
        case events.VALIDATION:
            return f"{step}: validation {_metrics(event, 'val')}"
        case events.LEARNING_RATE:
            return f"{step}: learning rate changed to {decimal(event.get('learning_rate', 0.0))}"
        case events.PLAYBACK:
            seconds = event.get("epoch_seconds", 0.0)
            slowly = f"slow motion, an epoch lasts at least {decimal(seconds)} s" if seconds else "full speed"
            return f"{step}: {'step by step' if event.get('by_step') else slowly}"
        case events.WAITED:
            return f"{step}: waited {duration(event.get('seconds', 0.0))} for someone to go on"
        case events.TEST:
            return f"test of {count(event.get('images', 0), 'picture')}: {_metrics(event, 'test')}"
        case events.DOWNLOAD:
            return f"downloading {event.get('what', '')}: {bytes_in_words(event.get('done_bytes', 0))}"
        case kind:
            return f"{kind}: {event['message']}" if event.get("message") else kind


def _metrics(event: Event, split: str) -> str:
    loss, accuracy = (event.get(f"{split}/{name}") for name in ("loss", "accuracy"))
    loss_said = f"loss {decimal(loss)}" if loss is not None else "loss not finite"
    return loss_said + (f", accuracy {percent(accuracy)}" if accuracy is not None else "")
