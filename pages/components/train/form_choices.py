"""Choices of the form that depend on this computer: its devices and its earlier runs. Whether a training can start from one of
those is asked of a process of its own, in a thread, so that no page waits for torch."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import TrainDeskError
from core.image_sets.folders import list_datasets
from core.machine.devices import list_devices, most_devices
from core.machine.torch_devices import problem_of_gpus
from core.nodes.registry import nodes
from core.paths import data_folder, runs_folder
from core.run_config import RunConfig
from core.runs.metadata import title_of
from core.runs.store import Run, list_runs
from core.settings.settings import FieldSpec
from core.text.lists import listed
from core.workers.dispatch import free_places
from core.workers.places import check_devices, places_elsewhere
from pages.components.shell.form_values import check, current
from pages.components.shell.histories import shared_history
from pages.components.shell.number_words import count, moment
from pages.components.shell.setting_words import read_config
from pages.components.train.core_process import ask_core

MEASUREMENT = "forecast of the form"  # its key in the session's state
PAYS = 1.2  # times as fast from which another GPU is worth it


def choices_of(spec: FieldSpec, path: str) -> dict[Any, str]:
    """value -> label for a selector; empty where the visitor types."""
    if path == "training.device":
        return devices()
    if path == "dataset.source":
        return {"": "choose ..."} | own_datasets()
    if path == "training.start_from":
        return {"": "none"} | runs_to_start_from()
    return spec.choices


def devices() -> dict[str, str]:
    """What trainings can run on: name -> words."""
    return list_devices()


def most_at_once() -> int:
    """On how many devices at once one training can be computed, here or on a computer that has joined."""
    return max([most_devices(), *(len(node.gpus) for node in nodes(runs_folder()))])


def offered(group: str, specs: list[FieldSpec], values: dict[str, Any]) -> list[FieldSpec]:
    """Those of a group's settings that mean something here: several devices at once only where some computer has them, or where
    they were chosen elsewhere."""
    hidden = group == "training" and most_at_once() == 1 and values.get("training.devices", 1) == 1
    return [spec for spec in specs if not (hidden and spec.name == "devices")]


def problem_of_count(config: RunConfig) -> str:
    """Why the training finds so many devices at once nowhere, in a sentence; "" when it does."""
    try:
        check_devices(runs_folder(), "", [(config.training.device, config.training.devices)])
    except TrainDeskError as error:
        return str(error)
    return ""


def measured_as(config: RunConfig) -> str:
    """What a measurement of the config goes by: whatever changes its result."""
    return config.model_copy(update={"title": "", "recipe": ""}).model_dump_json()


def devices_in_words() -> str:
    """Whether several devices at once pay for the form's training, as it was measured; "" where there is nothing to choose."""
    if most_at_once() == 1:
        return ""
    config, measurement = check(current())[0], st.session_state.get(MEASUREMENT)
    is_known = measurement and measurement.found and config and measurement.of == measured_as(config)
    found = measurement.found if is_known else {}
    if (devices := found.get("devices", 1)) == 1:
        return "'How long will it take?' says whether more than one pays."
    times = found["times_as_fast"]
    so_fast = f"On {devices} about {times:.1f} times as fast as on one"
    return f"{so_fast}." if times >= PAYS else f"{so_fast}: it does not pay for this training."


def free_now() -> str:
    """Which devices a run could start on at once, in words."""
    elsewhere = places_elsewhere(runs_folder(), "auto")
    more = (
        f" {count(sum(elsewhere.values()), 'place')} on {count(len(elsewhere), 'other computer')}." if elsewhere else ""
    )
    return _free_here() + more


def _free_here() -> str:
    """And which GPU is not used, and why."""
    return " ".join(filter(None, (_free_places(), problem_of_gpus())))


def _free_places() -> str:
    places = free_places(runs_folder(), lambda run: (shared_history(run).history.started or {}).get("device"))
    left, fit = places.pop("cpu")
    processor = f"{left} of {count(fit, 'place')} on the processor"
    if not places:
        return f"Free now: {processor}." if left else "No place is free now: it would wait."
    words = [
        f"GPU {device.partition(':')[2]}" if ":" in device else "GPU" for device, (free, _) in places.items() if free
    ]
    return f"Free now: {listed([*words, processor], 6)}." if words else f"No GPU is free now; {processor}."


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


def fitting(config: RunConfig, runs: list[Run]) -> list[Run]:
    """Of these runs those whose weights fit; until that is known, those of the very same network."""
    known = [(run, earlier) for run in runs if (earlier := read_config(run)[0])]
    alike = [(run, earlier) for run, earlier in known if earlier.architecture.name == config.architecture.name]
    same = [run for run, earlier in alike if _network(earlier) == _network(config)]
    if len(same) == len(alike):
        return same
    asked = _network(config), tuple(run.id for run, _ in alike)
    asking = _asking(*asked, config.model_dump_json())
    if not asking.done():
        return same
    if (answer := asking.result()) is None or "runs" not in answer:
        _asking.clear(*asked, config.model_dump_json())  # asked again
        return same
    return [run for run, _ in alike if run.id in answer["runs"]]


def _network(config: RunConfig) -> tuple[str, ...]:
    info = config.dataset.info()
    return config.architecture.model_dump_json(), str(info.shape), str(len(info.class_names))


@st.cache_resource(max_entries=200, show_spinner=False)
def _asking(network: tuple[str, ...], runs: tuple[str, ...], _config: str) -> Future[dict[str, Any] | None]:
    """Once for a network and runs: what `python -m core fitting` says."""
    future: Future[dict[str, Any] | None] = Future()
    threading.Thread(target=lambda: future.set_result(ask_core("fitting", _config)), daemon=True).start()
    return future
