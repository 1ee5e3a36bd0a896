"""The home page: a canvas that answers at once, what runs now with its curve, and recent runs as cards."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.paths import runs_folder
from core.runs.store import MOVING, Run
from core.runs.summary import DAMAGED, SPARKS, Summary
from core.text.numbers import percent
from pages.components.classify.networks import networks_of
from pages.components.classify.run_choice import network_for_digits
from pages.components.classify.ways import draw_drawing
from pages.components.shell.fences import run_fence
from pages.components.shell.histories import run_of, shared_history, summaries, summary
from pages.components.shell.html_parts import sparkline
from pages.components.shell.links import ALL_RUNS, page_link, run_page, title_link
from pages.components.shell.number_words import STATUS_COLOURS, count, moment, plain_markdown
from pages.components.shell.widgets import redrawn

REFRESH_SECONDS = 1.5
RECENT = 6  # cards


def draw_try() -> None:
    """A canvas, and which network answers: the visitor's own best for digits, else the example. Nothing without either."""
    run = network_for_digits()
    if run is None:
        return
    with run_fence(run, "try"):
        _draw_try(run)


def _draw_try(run: Run) -> None:
    networks = networks_of([run])
    if not networks:
        return
    with st.container(key="try"):
        draw_drawing(networks, is_short=True)
        facts = summary(run)
        score = f", {percent(facts.test_accuracy)} of the test digits right" if facts.test_accuracy is not None else ""
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="answers"):
            st.caption("Here answers", width="content")
            title_link(run_page(run.id), facts.title)
            st.caption(score.removeprefix(", "), width="content")


def draw_runs() -> bool:
    """What runs now, with curves that grow, and the newest of the others. False where there is none."""
    if not _own():
        return False
    redrawn(_own, _moves, _draw_cards, REFRESH_SECONDS, shared=f"runs of {runs_folder()}")
    return True


def _moves(own: list[Summary]) -> bool:
    return any(facts.status in MOVING for facts in own)


def _own() -> list[Summary]:
    return [facts for facts in summaries() if not run_of(facts.id).is_example()]


def _draw_cards(own: list[Summary]) -> None:
    now = sorted((facts for facts in own if facts.status in MOVING), key=lambda facts: facts.status == "queued")
    if now:
        st.header("Now")
        _cards(now[:RECENT])
        if len(now) > RECENT:
            page_link(ALL_RUNS, label=f"and {count(len(now) - RECENT, 'run')} more")
    recent = [facts for facts in own if facts.status not in MOVING][: RECENT - min(3, len(now))]
    if recent:
        st.header("Recent runs")
        _cards(recent)


def _cards(runs: list[Summary]) -> None:
    with st.container(horizontal=True, gap="small", key=f"cards {runs[0].status in MOVING}"):
        for facts in runs:
            place = st.container(border=True, width=300, gap=None, key=f"recent {facts.id}")
            with place, run_fence(run_of(facts.id), "card"):
                _card(facts)


def _card(facts: Summary) -> None:
    title_link(run_page(facts.id), facts.title, "**{}**")
    st.html(_curve(facts))
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.badge(facts.status, color=STATUS_COLOURS[facts.status])
        st.caption(plain_markdown(_score(facts)), width="stretch")


def _curve(facts: Summary) -> str:
    """HTML: validation accuracy from its lowest to its highest; of a run that trains over all that is planned."""
    curve, of_what = list(facts.sparks), ""
    if facts.status in MOVING:
        part = _of_a_part(facts)
        if len(part) > len(curve):
            curve, of_what = part, ", on a part of the validation pictures"
    if len(curve) < 2:
        words = "no curve yet" if facts.status in MOVING else "no curve: one takes two epochs" if curve else ""
        return f'<p class="quiet cardcurve">{words}</p>'
    low, span = min(curve), max(curve) - min(curve)
    heights = [(value - low) / span if span else 0.5 for value in curve]
    words = f"validation accuracy from {percent(curve[0])} to {percent(curve[-1])}{of_what}"
    return f'<div class="cardcurve">{sparkline(heights, words)}</div>'


def _of_a_part(facts: Summary) -> list[float]:
    """Validation accuracies within epochs where a part of the pictures was measured, thinned; those of all are in `sparks`."""
    shared = shared_history(run_of(facts.id))
    with shared.lock:
        _, _, values = shared.history.within_epochs("val/accuracy", of_all=False)
    values = values[np.isfinite(values)]
    places = np.linspace(0, len(values) - 1, min(len(values), SPARKS)).round().astype(int)
    return values[places].tolist()


def _score(facts: Summary) -> str:
    if facts.status == DAMAGED:
        return facts.problem
    if facts.status in MOVING:
        reached = f", {percent(facts.val_accuracy)} validation" if facts.val_accuracy is not None else ""
        return f"{percent(facts.progress, 0)} done{reached}"
    score = f"{percent(facts.test_accuracy)} test" if facts.test_accuracy is not None else ""
    if not score and facts.val_accuracy is not None:
        score = f"{percent(facts.val_accuracy)} validation"
    can = "you can resume it" if facts.status in ("paused", "interrupted") else ""
    return ", ".join(filter(None, (score, moment(facts.created), can)))
