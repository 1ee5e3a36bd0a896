"""Watch it learn: what the network says of a few pictures after each epoch, what it confuses, and its first filters."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from core.runs.snapshots import ProbeImages, Snapshot, SnapshotStore
from core.runs.store import Run
from core.text.numbers import percent
from pages.components.charts.heatmap import heatmap
from pages.components.shell.fences import with_run_fence
from pages.components.shell.html_parts import card, gallery, picture, sheet
from pages.components.shell.links import say
from pages.components.shell.widgets import is_echo, show_value

REFRESH_SECONDS = 1.0
EPOCH = "epoch"  # in the address


def draw_watching(run: Run, class_names: list[str], moves: bool, draw_figures: Callable[[], None]) -> None:
    """The pictures in a row, the run's figures, then the slider and what else it moves.

    While the run trains it follows the newest epoch unless someone has moved it.
    """
    st.fragment(_draw, run_every=REFRESH_SECONDS if moves else None)(run, class_names, moves, draw_figures)


@with_run_fence("watching")
def _draw(run: Run, class_names: list[str], moves: bool, draw_figures: Callable[[], None]) -> None:
    store = SnapshotStore(run)
    epochs, probe = store.epochs(), store.probe_images()
    if not epochs or len(class_names) < 2 or (probe and probe.labels.max() >= len(class_names)):
        probe = None
    epoch = _asked(epochs) if probe else 0
    snapshot = store.read(epoch) if probe else None
    if snapshot and probe and snapshot.probabilities.shape != (len(probe.labels), len(class_names)):
        snapshot = None
    with st.container(key="probe-images"):
        if snapshot and probe:
            label = f"What the network says after epoch {epoch}"
            st.html(gallery(probe_cards(probe, snapshot, class_names), label, in_a_row=True))
        elif moves:
            st.html('<div class="gallery row"></div>')  # their place, so that nothing jumps when they come
    with st.container(key="figures"):
        draw_figures()
    if probe is None:
        return
    st.header("Watch it learn")
    _draw_slider(run, epochs, epoch)
    if snapshot is None:
        st.caption("What it said in this epoch cannot be read.")
        return
    right = int((snapshot.probabilities.argmax(axis=1) == probe.labels).sum())
    newest = ", the newest" if moves and epoch == epochs[-1] else ""
    st.caption(
        f"Pictures below the curves that it never trains on: {len(probe.labels)}. After epoch {epoch}{newest} it knows {right} "
        "of them; under each stands what it says, and how sure it is."
    )
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=520):
            if moves:
                _matrix(run, snapshot.confusion, epoch, class_names)
            else:  # the matrix of the best network stands below; this one shows how it came to that
                fold = st.expander("What it confused after this epoch", on_change="rerun", key=f"matrix-then {run.id}")
                with fold:
                    if fold.open:
                        _matrix(run, snapshot.confusion, epoch, class_names)
        if snapshot.filters is not None:
            with st.container(width="stretch"):
                st.markdown("**First filters**")
                st.html(filters_figure(snapshot.filters, epoch))
                st.caption(
                    "What the first layer looks for. Bright weights answer to light there, dark ones to dark; "
                    "in the beginning it is noise."
                )


def _matrix(run: Run, confusion: np.ndarray, epoch: int, class_names: list[str]) -> None:
    title = f"Confusion matrix, validation pictures, epoch {epoch}"
    heatmap(confusion, class_names, key=f"confusion-then {run.id}", title=title)


def probe_cards(probe: ProbeImages, snapshot: Snapshot, class_names: list[str]) -> list[str]:
    """HTML of the pictures with the network's answers."""
    cards = []
    for pixels, label, shares in zip(probe.pixels, probe.labels, snapshot.probabilities, strict=True):
        guess = int(np.argmax(shares))
        name, true = escape(class_names[guess]), escape(class_names[label])
        is_right = guess == label
        said = f"<b>{name}</b> {percent(float(shares[guess]), 0)}" + ("" if is_right else f" <i>it is {true}</i>")
        bar = f'<span class="track"><span class="fill" style="width:{shares[label] * 100:.0f}%"></span></span>'
        cards.append(card(pixels, f"{true}, taken for {name}", said, bar, is_right=is_right))
    return cards


def filters_figure(filters: np.ndarray, epoch: int) -> str:
    """HTML of all filters (k, h, w, C) in one picture."""
    wide = filters.shape[1] > 8
    drawn = sheet(filters, columns=6 if wide else 8, enlarge=2 if wide else 8)
    return picture(drawn, f"{len(filters)} filters of the first layer after epoch {epoch}", "filters")


def _asked(epochs: list[int]) -> int:
    """The epoch of the address; without one the newest is followed."""
    said = st.query_params.get(EPOCH, "")
    return int(said) if said.isdecimal() and int(said) in epochs else epochs[-1]


def _draw_slider(run: Run, epochs: list[int], asked: int) -> None:
    """Puts an epoch into the address."""
    if len(epochs) < 2:
        return
    key = f"look {run.id}"
    show_value(key, asked)

    def moved() -> None:
        chosen = st.session_state[key]
        if not is_echo(key):
            say(EPOCH, "" if chosen == epochs[-1] else str(chosen))

    tip = "Moves the pictures, the confusion matrix and the filters together."
    st.select_slider("Epoch", epochs, key=key, on_change=moved, help=tip)
