"""The runs of an experiment in tables: each with what is special about it, and the groups over their seeds."""

from __future__ import annotations

import statistics
from html import escape

import streamlit as st

from core.experiments.results import SEED, groups
from pages.components.charts.colours import chart_colours
from pages.components.charts.compare_entry import Compared
from pages.components.shell.links import anchor, run_page
from pages.components.shell.setting_words import setting_words
from pages.components.shell.wording import NOT_YET, duration, percent
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
        row = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        link = f"{swatch(entry)}{anchor(run_page(run.id), run.title)}"
        rows.append(f'<tr{" class=best" if star else ""}><th scope="row">{link}</th>{row}</tr>')
    return html_table(head, rows)


def swatch(entry: Compared) -> str:
    """The colour of a run's line."""
    colours = chart_colours()
    colour = colours[entry.colour % len(colours)]
    return f'<i class="swatch {entry.dash}" style="border-color:{colour}" aria-hidden="true"></i>'


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
        rows.append(
            f'<tr><th scope="row">{escape(words)}</th><td>{percent(group.mean, 2)}</td><td>{spread}</td>'
            f"<td>{len(group.results)}</td></tr>"
        )
    st.html(html_table(["Settings", "Mean validation accuracy", "Spread", "Runs"], rows))


def html_table(head: list[str], rows: list[str]) -> str:
    """A table of rows that are HTML already; a wide one scrolls by itself."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    return f'<div class="frame"><table class="table"><thead><tr>{titles}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
