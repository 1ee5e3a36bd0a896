"""The table of runs: ticks that stay, columns that sort, a bar in what trains, cards where there is no room for a table.

It is drawn by the browser (run_table.js): Streamlit's own table forgets its ticks when one leaves the page, and shows a phone
only its first columns.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from logging import getLogger
from pathlib import Path
from typing import Any

from core import errors
from core.runs.store import ACTIVE
from core.runs.summary import DAMAGED, Summary, unreadable
from core.text.numbers import UNKNOWN, decimal, percent
from core.text.titles import shortened, whole
from pages.components.shell.histories import run_of
from pages.components.shell.links import address, run_page
from pages.components.shell.number_words import STATUS_COLOURS, count, duration, moment, test_words
from pages.components.shell.widgets import component, triggered

TICKED, OPEN = "ticked", "open"
LONGEST = 60  # letters of a title: two lines
COLUMNS = (  # (title, what a column is to style and script, does it sort from large to small first?)
    ("Run", "title", False),
    ("Data", "data", False),
    ("Network", "network", False),
    ("Learning rate", "rate", True),
    ("Epochs", "epochs", True),
    ("Validation", "curve", False),
    ("Validation", "val", True),
    ("Test", "test", True),
    ("Time", "time", True),
    ("Computer", "computer", False),
    ("Age", "age", False),
)

_component = component("run_table", Path(__file__).parent)


def run_table(facts: Sequence[Summary], key: str, ticked: Sequence[str] = ()) -> tuple[list[Summary], str]:
    """Draws the table, in which these ids are `ticked` so far; returns the runs that are, and the id of the one that was
    opened just now or "".

    What is ticked is kept by the browser's tab, by the ids of the runs: it stays when one leaves the page, comes back,
    searches or reloads.
    """
    now = time.time()
    rows = [_whatever(entry, now) for entry in sorted(facts, key=lambda entry: entry.status not in ACTIVE)]
    are_several = any(entry.computer for entry in facts)
    columns = [
        {"title": title, "kind": kind, "down": down}
        for title, kind, down in COLUMNS
        if are_several or kind != "computer"
    ]
    state, opened = triggered(
        _component,
        key,
        OPEN,
        data={"rows": rows, "columns": columns, "ticked": list(ticked)},
        default={TICKED: list(ticked)},
        on_ticked_change=lambda: None,
    )
    wanted = state.ticked if isinstance(state.ticked, list) else []  # it comes from a browser
    return [entry for entry in facts if entry.id in wanted], opened if opened in [entry.id for entry in facts] else ""


def _whatever(entry: Summary, now: float) -> dict[str, Any]:
    """Its row; of facts that no check foresaw one that says so."""
    try:
        return row(entry, now)
    except errors.UNFORESEEN as error:
        getLogger(__name__).exception("run %s has no row", entry.id)
        return row(unreadable(run_of(entry.id), f"Its folder is damaged ({type(error).__name__})."), now)


def row(entry: Summary, now: float) -> dict[str, Any]:
    """One run as the browser needs it: its words, and under `sort` the numbers and words that order the columns."""
    epochs = f"{entry.epochs:,} of {entry.planned:,}" if entry.epochs < entry.planned else f"{entry.epochs:,}"
    cells = {
        "data": entry.dataset,
        "network": entry.architecture,
        "rate": decimal(entry.learning_rate) if entry.learning_rate is not None else UNKNOWN,
        "epochs": epochs if entry.status != DAMAGED else UNKNOWN,
        "val": percent(entry.val_accuracy),
        "test": test_words(entry),
        "time": duration(entry.seconds),
        "computer": entry.computer or "this one",
        "age": age(now - entry.created),
    }
    return {
        "id": entry.id,
        "href": address(run_page(entry.id)),
        "title": entry.title,
        "shown": shortened(entry.title, LONGEST),
        "star": entry.favourite,
        "status": "" if entry.status == "finished" else entry.status,
        "tone": STATUS_COLOURS[entry.status],
        "share": round(entry.progress, 3) if entry.status in ACTIVE else None,
        "about": ", ".join(filter(None, (entry.experiment, *entry.tags))),
        "note": " ".join(filter(None, (entry.problem, entry.note))),
        "hint": ", ".join(
            filter(None, (whole(entry.title, LONGEST), entry.optimizer, f"started {moment(entry.created)}"))
        ),
        "cells": cells,
        "spark": spark(entry.sparks),
        "sparkWords": f"Validation accuracy from {percent(entry.sparks[0])} to {percent(entry.sparks[-1])}"
        if entry.sparks
        else "",
        "sort": {
            "title": entry.title.casefold(),
            "data": entry.dataset.casefold(),
            "network": entry.architecture.casefold(),
            "rate": entry.learning_rate,
            "epochs": entry.epochs,
            "val": entry.val_accuracy,
            "test": entry.test_accuracy,
            "time": entry.seconds,
            "computer": entry.computer,
            "age": -entry.created,
        },
    }


def spark(accuracies: Sequence[float]) -> str:
    """The points of a curve from its lowest to its highest value in a box of 100 by 28, "" for fewer than two."""
    if len(accuracies) < 2:
        return ""
    low, high = min(accuracies), max(accuracies)
    last = len(accuracies) - 1
    return " ".join(
        f"{100 * at / last:.0f},{26 - 24 * (value - low) / (high - low or 1):.1f}"
        for at, value in enumerate(accuracies)
    )


def age(seconds: float) -> str:
    """Of a run, short: 40 -> "now", 7200 -> "2 h", 200000 -> "2 days"."""
    for length, word in ((86_400, "day"), (3600, "h"), (60, "min")):
        if seconds >= length:
            number = int(seconds // length)
            return count(number, word, "" if word == "day" else word)
    return "now"
