"""The home page: a canvas that answers at once, what runs now with its curve, and recent runs as cards."""

from __future__ import annotations

import streamlit as st

from core.datasets import DatasetSettings
from core.demo import made_by
from core.paths import runs_folder
from core.runs.example import example
from core.runs.store import MOVING, Run
from core.runs.summary import DAMAGED, Summary
from pages.components.describe import read_config
from pages.components.draw import draw_drawing
from pages.components.links import page_link
from pages.components.networks import networks_of
from pages.components.rights import demo_owner
from pages.components.summaries import run_of, summaries, summary
from pages.components.vector import sparkline
from pages.components.wording import STATUS_COLOURS, moment, percent, plain_markdown

REFRESH_SECONDS = 1.5
RECENT = 6  # cards
LOOKED_BACK = 20  # own runs of which one may answer
GOOD = 0.9  # of the test digits that it must read


def draw_try() -> None:
    """A canvas, and which network answers: the visitor's own best for digits, else the example. Nothing without either."""
    run = network_for_digits()
    if run is None:
        return
    networks = networks_of([run])
    if not networks:
        return
    with st.container(key="try"):
        draw_drawing(networks, is_short=True)
        facts = summary(run)
        score = f", {percent(facts.test_accuracy)} of the test digits right" if facts.test_accuracy is not None else ""
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="answers"):
            st.caption("Here answers", width="content")
            page_link("pages/run.py", label=plain_markdown(facts.title), query_params={"run": run.id})
            st.caption(score.removeprefix(", "), width="content")


def network_for_digits() -> Run | None:
    """Of one's own networks that were trained to the end on digits the one that reads most, demos left out; else the example.

    A network that reads fewer than GOOD would make a poor first impression.
    """
    demos, owner = {run.id for run in made_by(runs_folder())}, demo_owner()
    best: tuple[float, Run] | None = None
    for facts in summaries()[:LOOKED_BACK]:
        run = run_of(facts.id)
        is_own = facts.id not in demos and not run.is_example() and (not owner or facts.owner == owner)
        if is_own and facts.status == "finished" and facts.has_checkpoint:
            config, _ = read_config(run)
            reads = facts.test_accuracy or 0.0
            if config and knows_digits(config.dataset) and reads >= GOOD and (best is None or reads > best[0]):
                best = reads, run
    return best[1] if best else example()


def knows_digits(dataset: DatasetSettings) -> bool:
    return dataset.drawable and set(dataset.info().class_names) == set("0123456789")


def draw_runs() -> bool:
    """What runs now, with curves that grow, and the newest of the others. False where there is none."""
    own = [facts for facts in summaries() if not run_of(facts.id).is_example()]
    if not own:
        return False
    moves = any(facts.status in MOVING for facts in own)
    st.fragment(_draw_cards, run_every=REFRESH_SECONDS if moves else None)(moves)
    return True


def _draw_cards(did_move: bool) -> None:
    own = [facts for facts in summaries() if not run_of(facts.id).is_example()]
    now = [facts for facts in own if facts.status in MOVING]
    if did_move and not now:
        st.rerun()
    if now:
        st.subheader("Now")
        _cards(now)
    recent = [facts for facts in own if facts not in now][: RECENT - min(3, len(now))]
    if recent:
        st.subheader("Recent runs")
        _cards(recent)


def _cards(runs: list[Summary]) -> None:
    with st.container(horizontal=True, gap="small", key=f"cards {runs[0].status in MOVING}"):
        for facts in runs:
            with st.container(border=True, width=300, gap=None, key=f"recent {facts.id}"):
                page_link("pages/run.py", label=f"**{plain_markdown(facts.title)}**", query_params={"run": facts.id})
                st.html(_curve(facts))
                with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                    st.badge(facts.status, color=STATUS_COLOURS[facts.status])
                    st.caption(plain_markdown(_score(facts)), width="stretch")


def _curve(facts: Summary) -> str:
    """HTML: validation accuracy from its lowest to its highest; of a run that trains over all that is planned."""
    if len(facts.sparks) < 2:
        return '<p class="quiet cardcurve">no curve yet</p>'
    low, high = min(facts.sparks), max(facts.sparks)
    words = f"validation accuracy from {percent(facts.sparks[0])} to {percent(facts.sparks[-1])}"
    return f'<div class="cardcurve">{sparkline([(value - low) / (high - low or 1) for value in facts.sparks], words)}</div>'


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
