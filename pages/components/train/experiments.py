"""Which experiments there are, and what one is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.analysis.compare import Setting
from core.experiments.results import SEED, best_place, group_of
from core.experiments.sweep import tried
from core.paths import runs_folder
from core.run_config import RunConfig
from core.runs.store import MOVING, Run
from core.runs.summary import Summary
from pages.components.charts.compare_entry import Compared
from pages.components.shell.compared import names
from pages.components.shell.histories import summaries
from pages.components.shell.setting_words import read_config


@dataclass(frozen=True)
class Experiment:
    """The runs of an experiment that can be read, in the order in which they were made."""

    name: str
    entries: list[Compared]  # runs with the same settings but for the seed share a colour
    varied: list[Setting]  # what differs; its values are in the order of `entries`

    @property
    def runs(self) -> list[Summary]:
        """Their facts, in the order of `entries`."""
        return [entry.summary for entry in self.entries]

    @property
    def moving(self) -> list[Summary]:
        """Those that wait or train."""
        return [run for run in self.runs if run.status in MOVING]

    @property
    def settings(self) -> list[Setting]:
        """What differs besides the seed; the seed when nothing else does."""
        return [setting for setting in self.varied if setting.path != SEED] or self.varied

    def words(self, place: int) -> str:
        """What is special about a run but for its seed: "Learning rate 0.01, Batch size 64"."""
        return ", ".join(f"{setting.title} {setting.in_words(place)}" for setting in self.settings)

    def short_words(self, place: int) -> str:
        """The same and the seed, where the titles are said elsewhere: "0.01, 64, seed 2"."""
        return ", ".join(("seed " if setting.path == SEED else "") + setting.in_words(place) for setting in self.varied)

    def best(self) -> int | None:
        """The place of the run with the highest validation accuracy."""
        return best_place([run.val_accuracy for run in self.runs])


def experiments() -> dict[str, list[Summary]]:
    """Name -> its runs, those with the newest run first."""
    found: dict[str, list[Summary]] = {}
    for run in summaries():
        if run.experiment:
            found.setdefault(run.experiment, []).append(run)
    return found


def experiment(name: str, runs: list[Summary]) -> Experiment:
    """An experiment from the summaries of its runs; a run whose config cannot be read is left out."""
    ordered = sorted(runs, key=lambda run: (run.created, run.id))
    pairs = [(run, config) for run in ordered if (config := config_of(str(runs_folder() / run.id), run.planned))]
    varied = tried([config for _, config in pairs]) if len(pairs) > 1 else []
    groups = group_of(varied, len(pairs))
    called = names([run for run, _ in pairs])
    entries = [
        Compared(run, title, group, config) for (run, config), title, group in zip(pairs, called, groups, strict=True)
    ]
    return Experiment(name, entries, varied)


@st.cache_resource(max_entries=2000, show_spinner=False)
def config_of(folder: str, planned: int) -> RunConfig | None:
    """Read once: only its epochs ever change, which is what `planned` tells."""
    return read_config(Run(Path(folder)))[0]
