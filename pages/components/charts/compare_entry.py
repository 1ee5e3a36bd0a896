"""A run that is compared: its name, its colour and the dash of its line."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.run_config import RunConfig
from core.runs.store import Run
from core.runs.summary import Summary
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
