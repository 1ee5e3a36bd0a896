"""A run that is compared: its name, its colour, and its curves in short."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.run_config import RunConfig
from core.runs.history import History
from core.runs.short_log import short_history
from core.runs.store import Run
from core.runs.summary import Summary
from pages.components.shell.histories import SharedHistory, changed_at, shared_history
from pages.components.shell.summaries import run_of

COLOURS = 6  # of the theme's charts; further runs have other dashes
DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True)
class Compared:
    """One of the runs."""

    summary: Summary
    name: str
    place: int  # decides its colour
    config: RunConfig | None

    @property
    def run(self) -> Run:
        return run_of(self.summary.id)

    @property
    def colour(self) -> int:
        """Its place in the theme's chart colours, from 0."""
        return self.place % COLOURS

    @property
    def dash(self) -> str:
        """As Plotly calls it: runs beyond the colours are told apart by it."""
        return DASHES[self.place // COLOURS % len(DASHES)]


def swatch(entry: Compared) -> str:
    """HTML: the colour and dash of a run's line, in the theme that the visitor looks at."""
    kind = "dark" if st.context.theme.type == "dark" else "light"
    colours = list(st.get_option(f"theme.{kind}.chartCategoricalColors") or ["#0072b2"])
    colour = colours[entry.colour % len(colours)]
    return f'<i class="swatch {entry.dash}" style="border-color:{colour}" aria-hidden="true"></i>'


def history_of(run: Run) -> History:
    """In short where that was kept: an overview needs no more."""
    kept = _short(str(run.folder), changed_at(run.event_log))
    return kept.history if kept else shared_history(run).history


@st.cache_resource(max_entries=200, show_spinner=False)
def _short(folder: str, changed: int) -> SharedHistory | None:
    history = short_history(Run(Path(folder)))
    return SharedHistory(history) if history else None
