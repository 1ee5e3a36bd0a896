"""Choices of the form that depend on this computer: its devices and its earlier runs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import streamlit as st

from core.image_sets.folders import list_datasets
from core.machine.devices import list_devices
from core.paths import data_folder, runs_folder
from core.runs.metadata import title_of
from core.runs.store import Run, list_runs
from core.settings.settings import FieldSpec
from pages.components.shell.form_values import check, current
from pages.components.shell.number_words import moment
from pages.components.shell.setting_words import read_config
from pages.components.train.fitting import fitting


def choices_of(spec: FieldSpec, path: str) -> dict[Any, str]:
    """value -> label for a selector; empty where the visitor types."""
    if path == "training.device":
        return devices()
    if path == "dataset.source":
        return {"": "choose ..."} | own_datasets()
    if path == "training.start_from":
        return {"": "none"} | runs_to_start_from()
    return spec.choices


@st.cache_data(ttl=300, show_spinner=False)
def devices() -> dict[str, str]:
    """What trainings can run on: name -> words."""
    return list_devices()


def own_datasets() -> dict[str, str]:
    """Own datasets, newest first: id -> title, with the id where two have the same title."""
    titles = {dataset.id: dataset.title for dataset in list_datasets(data_folder())}
    times = Counter(titles.values())
    return {key: f"{title} ({key})" if times[title] > 1 else title for key, title in titles.items()}


def runs_to_start_from() -> dict[str, str]:
    """Runs whose weights fit the form's network, newest first: id -> title, architecture, when, and id.

    One that is chosen and does not fit any more stays, and says so.
    """
    runs = {run.id: run for run in list_runs(runs_folder()) if run.checkpoint()}
    values = current()
    chosen = str(values.get("training.start_from") or "")
    config, _ = check(values | {"training.start_from": ""})
    fits = {run.id for run in fitting(config, list(runs.values()))} if config else set(runs)
    return {
        run.id: f"{_name(str(run.folder), created)}, {moment(created)} ({run.id})"
        + ("" if run.id in fits else ": its weights do not fit")
        for run in runs.values()
        if (run.id in fits or run.id == chosen) and (created := run.created())
    }


@st.cache_data(max_entries=2000, show_spinner=False)
def _name(folder: str, changed: float) -> str:
    run = Run(Path(folder))
    config, _ = read_config(run)
    return title_of(run, config) + (f": {config.architecture.label}" if config else "")
