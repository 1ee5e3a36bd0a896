"""The best run once more: its curve is drawn as it learned, for all who look at the same moment."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import streamlit as st

from core.game.board import Standing
from core.game.played import Game
from core.paths import runs_folder
from core.runs.history import History
from core.runs.metrics import ACCURACY, in_chart
from core.runs.store import run_at
from core.text.numbers import percent
from pages.components.charts.curves import Axis, metric_curve
from pages.components.charts.live_plot import Curve, live_plot
from pages.components.shell.histories import shared_history
from pages.components.shell.number_words import count, plain_markdown

SECONDS = 12.0  # that a replay takes, however long the training took
AXIS = Axis("step")


def is_replaying(game: Game) -> bool:
    """Whether a curve still grows."""
    return bool(game.replay.run) and _share(game) < 1


def draw_replay(game: Game, standing: Standing | None) -> None:
    """As far as it has come by this moment; once it is over, the whole curve stands there."""
    run = run_at(runs_folder(), game.replay.run)
    if standing is None or not run.is_here():
        st.caption("The run that was replayed is no longer ranked.")
        return
    st.markdown(f"##### How {plain_markdown(standing.group)} learned")
    _draw(game, standing, shared_history(run).history, _share(game))


def _share(game: Game) -> float:
    """Of the replay that is over, from 0 to 1."""
    return min(1.0, (time.time() - game.replay.began) / SECONDS)


def _draw(game: Game, standing: Standing, history: History, share: float) -> None:
    last = max((epoch["step"] for epoch in history.epochs), default=1)
    now = share * last
    target = game.rules.target
    live_plot(
        lambda: [
            *(
                until(metric_curve(history, each.name, each.line, AXIS, each.colour), now)
                for each in in_chart(ACCURACY)
            ),
            Curve(f"to reach: {percent(target)}", np.array([0.0, last]), np.array([target, target]), 2, dash="dash"),
        ],
        key="replay",
        title="Right answers",
        view=f"{standing.run} {game.replay.began}",
        x_title="step",
        is_share=True,
        x_limits=(0, last),
        marks=[(step, count(step, "step")) for step, _ in filter(None, [standing.reached]) if step <= now],
        legend_below=True,
        height=300,
    )


def until(curve: Curve, place: float) -> Curve:
    """The part of a curve up to this place of its axis."""
    shown = int(np.searchsorted(curve.x, place, side="right"))
    sizes = None if curve.is_small is None else curve.is_small[:shown]
    kept = tuple(index for index in curve.keep if index < shown)
    return replace(curve, x=curve.x[:shown], y=curve.y[:shown], is_small=sizes, keep=kept)
