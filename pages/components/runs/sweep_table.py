"""The runs of an experiment in tables: each with what is special about it, and the groups over their seeds."""

from __future__ import annotations

import statistics
from html import escape

import streamlit as st

from core.experiments.results import SEED, groups
from core.text.numbers import percent
from pages.components.charts.compare_entry import swatch
from pages.components.shell.links import anchor, run_page
from pages.components.shell.number_words import NOT_YET, duration
from pages.components.shell.setting_words import setting_words
from pages.components.shell.tables import html_table, table_row
from pages.components.train.experiments import Experiment


def table(shown: Experiment) -> str:
    """HTML: a row for each run; the best stands out."""
    best = max((run.val_accuracy for run in shown.runs if run.val_accuracy is not None), default=None)
    head = ["Run", *(setting.title for setting in shown.varied)]
    head += ["Best validation", "Test", "Epochs", "Status", "Time"]
    rows = []
    for place, entry in enumerate(shown.entries):
        run = entry.summary
        star = " ★" if best is not None and run.val_accuracy == best else ""
        cells = [setting_words(setting, place) for setting in shown.varied]
        cells += [
            percent(run.val_accuracy) + star,
            percent(run.test_accuracy),
            f"{run.epochs:,} of {run.planned:,}",
            run.status,
            duration(run.seconds),
        ]
        link = swatch(entry) + anchor(run_page(run.id), run.title)
        rows.append(table_row(link, cells, "best" if star else ""))
    return html_table(head, rows)


def draw_over_seeds(shown: Experiment) -> None:
    """Means and spreads, the best first; only where there are several seeds."""
    if SEED not in {setting.path for setting in shown.varied}:
        return
    found = groups(shown.varied, [run.val_accuracy for run in shown.runs])
    if all(len(group.results) < 2 for group in found):
        return
    st.subheader("Over the seeds")
    others = [setting for setting in shown.varied if setting.path != SEED]
    rows = []
    for group in sorted(found, key=lambda group: -group.mean):
        words = (
            ", ".join(f"{setting.title} {setting_words(setting, group.places[0])}" for setting in others) or "all runs"
        )
        spread = f"± {statistics.stdev(group.results) * 100:.2f}" if len(group.results) > 1 else NOT_YET
        rows.append(table_row(escape(words), (percent(group.mean, 2), spread, len(group.results))))
    st.html(html_table(["Settings", "Mean validation accuracy", "Spread", "Runs"], rows))
