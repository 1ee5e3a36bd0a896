"""Trying several values: which settings, which values, and the runs that come of it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from html import escape
from typing import Any, Literal

import streamlit as st

from core.errors import TrainDeskError
from core.experiments.sweep import MOST, Plan, Sweep, plan, specs_of, sweep_of
from core.experiments.values import EXAMPLES, SeveralReadings, parse_values, typed, words
from core.paths import data_folder, runs_folder
from core.run_config import RunConfig
from core.runs.before_start import check_of_many
from core.settings.settings import FieldSpec
from core.workers.dispatch import slots_of_all
from pages.components.shell.computers import COMPUTER, chosen_computer
from pages.components.shell.form_values import fill, state_keys
from pages.components.shell.links import experiment_page, switch_page
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.number_words import count, plain_markdown, rows_of
from pages.components.shell.start import start_all
from pages.components.shell.widgets import lazy_fold
from pages.components.train.experiments import experiment, experiments

COLUMNS = 2
OFTEN_TRIED = (
    "optimizer.learning_rate",
    "training.batch_size",
    "training.epochs",
    "optimizer",
    "architecture",
)  # first
Method = Literal["grid", "random"]
METHODS: dict[Method, str] = {"grid": "every combination", "random": "some, drawn at random"}
SETTINGS, SEEDS, NAME, METHOD, SAMPLES = (
    f"sweep {name}" for name in ("settings", "seeds", "name", "method", "samples")
)
GIVEN = "sweep name given"  # the name that was offered; one that was typed may be an experiment's that there is


def draw_sweep_form(config: RunConfig | None) -> tuple[Plan | None, dict[str, str]]:
    """Draws the fold. Returns the runs that Start will make, or None: just the one of the form; and the sentence of each
    wrong value by its setting, with which nothing may start."""
    is_used = bool(st.session_state.get(SETTINGS)) or st.session_state.get(SEEDS, 1) != 1
    with lazy_fold("Try several values", "sweep", opens=is_used, icon=":material/science:") as fold:
        return _draw(config) if fold.open or is_used else (None, {})


def fill_sweep(sweep: Sweep) -> None:
    """Makes the fold show this sweep. Before its widgets are drawn."""
    specs = specs_of(sweep.base)
    put_sweep({SETTINGS: [path for path in sweep.values if path in specs], SEEDS: sweep.seeds})
    for path, values in sweep.values.items():
        spec = specs.get(path)
        chosen = spec is None or spec.kind == "boolean" or spec.choices
        st.session_state[f"sweep {path}"] = list(values) if chosen else typed(values)


def sweep_values() -> dict[str, Any]:
    """What stands in the fold, by the keys of its widgets; nothing where it makes no difference."""
    state = st.session_state
    if not (paths := state.get(SETTINGS, [])) and state.get(SEEDS, 1) == 1:
        return {}
    keys = (SETTINGS, SEEDS, NAME, GIVEN, METHOD, SAMPLES, *(f"sweep {path}" for path in paths))
    return {key: state[key] for key in keys if key in state}


def put_sweep(values: dict[str, Any]) -> None:
    """The other way round. Before the widgets of the fold are drawn."""
    for key in state_keys("sweep "):
        del st.session_state[key]
    st.session_state.update(values)


def fill_from_experiment(name: str) -> None:
    """Fills the form and the fold with the settings of an experiment's runs. Raises TrainDeskError without such a one."""
    runs = experiments().get(name)
    found = experiment(name, runs) if runs else None
    configs = [entry.config for entry in found.entries if entry.config] if found else []
    if not configs:
        raise TrainDeskError(f"There is no experiment '{name[:60]}'; its runs may have been deleted.")
    sweep = sweep_of(configs)
    fill(sweep.base)
    fill_sweep(sweep)


def start_sweep(configs: Iterable[RunConfig], computer: str = "") -> None:
    """Stores and queues all of them, then goes to their experiment. On failure shows the sentence where it is called."""
    configs = list(configs)
    experiment = configs[0].experiment if configs else ""
    if experiment == st.session_state.get(GIVEN):
        experiment = _unused(experiment)  # what someone else has started meanwhile is not mixed with it
    with errors_shown():
        start_all([config.model_copy(update={"experiment": experiment}) for config in configs], computer)
        st.session_state.pop(NAME, None)  # the next experiment is another one
        switch_page(experiment_page(experiment))


def _unused(name: str) -> str:
    """The name, or with the first number behind it that no experiment has: "Experiment 12 Mar 10:15 (2)"."""
    known = experiments()
    return next(
        each for each in (name, *(f"{name} ({number})" for number in range(2, len(known) + 3))) if each not in known
    )


def _draw(config: RunConfig | None) -> tuple[Plan | None, dict[str, str]]:
    st.caption(
        "Makes several runs at once, which belong together as an experiment: one for each value, or for each combination "
        f"of values. {_at_a_time(config)}"
    )
    if config is None:
        st.markdown("Correct the values above first.")
        return None, {}
    specs = specs_of(config)
    first = [path for path in OFTEN_TRIED if path in specs]
    paths = st.multiselect(
        "Settings to try",
        [*first, *(path for path in specs if path not in first)],
        key=SETTINGS,
        persist_state="session",
        format_func=lambda path: _label(path, specs[path]),
        placeholder="learning rate, batch size ...",
        select_all=False,
    )
    values: dict[str, list[Any]] = {}
    problems: dict[str, str] = {}
    for row in rows_of([path for path in paths if path in specs], COLUMNS):
        for column, path in zip(st.columns(COLUMNS), row, strict=False):
            with column:
                values[path] = _values(config, path, specs[path], problems)
    seeds, name, method, samples = _how(paths)
    if problems or (not paths and seeds == 1):
        return None, problems
    try:
        found = plan(Sweep(config, name, values, seeds, method, samples), check_of_many(data_folder()))
    except TrainDeskError as error:
        show_error(error)
        return None, {"plan": str(error)}
    st.markdown(f"Creates **{count(len(found.configs), 'run')}**.")
    if found.left_out:
        st.caption(f"{count(len(found.left_out), 'combination')} left out: {plain_markdown(found.left_out[0])}")
    return found, {}


def _at_a_time(config: RunConfig | None) -> str:
    """In which order they are trained, as a sentence."""
    slots = slots_of_all(runs_folder(), config.training.device if config else "auto", chosen_computer(COMPUTER), config)
    many = sum(slots.values())
    if many <= 1:
        return "They are trained one after the other."
    where = f", on {count(len(slots), 'computer')}" if len(slots) > 1 else ""
    return f"{many} of them are trained at a time{where}, the others wait in the queue."


def _label(path: str, spec: FieldSpec) -> str:
    owner, dot, _ = path.partition(".")
    return f"{owner.capitalize()}: {spec.title if dot else 'which'}"


def _values(config: RunConfig, path: str, spec: FieldSpec, problems: dict[str, str]) -> list[Any]:
    """The values of one setting, chosen or typed; empty, with the reason beneath and in `problems`, when they are wrong."""
    labels = {False: "off", True: "on"} if spec.kind == "boolean" else dict(spec.choices)
    now = config.value_at(path)
    title, key = _label(path, spec), f"sweep {path}"
    if labels:
        labels.setdefault(now, str(now))  # a text may be another one than those that are offered
        st.session_state.setdefault(key, [now])
        chosen = st.multiselect(title, list(labels), key=key, persist_state="session", format_func=labels.__getitem__)
        if not chosen:
            _say(f"{title} has no values; choose some.", path, problems)
        return chosen
    st.session_state.setdefault(key, typed([now]))
    text = st.text_input(title, key=key, persist_state="session", live=True, help=f"For example {EXAMPLES}")
    try:
        values = parse_values(spec, text or "")
    except SeveralReadings as error:
        _say(str(error), path, problems)
        with st.container(horizontal=True, gap="small"):
            for way, (name, retyped) in enumerate(error.ways):
                st.button(name, key=f"{key} way {way}", on_click=_retype, args=(key, retyped))
        return []
    except TrainDeskError as error:
        _say(str(error), path, problems)
        return []
    said = [words(spec, value) for value in values]
    st.caption(plain_markdown(f"{count(len(values), 'value')}: {('; ' if ',' in ''.join(said) else ', ').join(said)}"))
    return values


def _say(sentence: str, path: str, problems: dict[str, str]) -> None:
    problems[path] = sentence
    st.html(f'<p class="problem" role="alert">{escape(sentence)}</p>')


def _retype(key: str, text: str) -> None:
    st.session_state[key] = text


def _how(paths: list[str]) -> tuple[int, str, Method, int]:
    """Number of seeds, name, method, number of combinations."""
    left, right = st.columns(2)
    with left:
        st.session_state.setdefault(SEEDS, 1)
        seeds = st.number_input(
            "Seeds for each",
            step=1,
            key=SEEDS,
            persist_state="session",
            help="The same settings from other random beginnings: shows how much is luck.",
        )
    with right:
        if NAME not in st.session_state:
            st.session_state[NAME] = st.session_state[GIVEN] = _unused(f"Experiment {time.strftime('%d %b %H:%M')}")
        name = st.text_input("Name of the experiment", key=NAME, max_chars=60, persist_state="session")
        if name != st.session_state.get(GIVEN) and name in experiments():
            st.caption("There is an experiment of this name: these runs will be added to it.")
    method: Method = "grid"
    samples = MOST
    if len(paths) > 1:
        with left:
            st.session_state.setdefault(METHOD, "grid")
            method = st.segmented_control(
                "Combinations",
                list(METHODS),
                key=METHOD,
                format_func=METHODS.__getitem__,
                required=True,
                persist_state="session",
            )
        if method == "random":
            with right:
                st.session_state.setdefault(SAMPLES, 10)
                samples = st.number_input("How many combinations", step=1, key=SAMPLES, persist_state="session")
    return int(seeds or 0), name or "", method, int(samples or 0)
