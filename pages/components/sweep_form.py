"""Trying several values: which settings, which values, and the runs that come of it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Literal

import streamlit as st

from core.config import PARTS, RunConfig
from core.errors import TrainDeskError
from core.experiments.sweep import MOST, Plan, Sweep, plan, specs_of
from core.experiments.values import EXAMPLES, parse_values, words
from core.paths import data_folder, runs_folder
from core.runs.dispatch import submit
from core.runs.store import create_run
from core.settings import FieldSpec
from pages.components.links import switch_page
from pages.components.messages import show_error
from pages.components.rights import visitor
from pages.components.wording import count, plain_markdown, rows_of

COLUMNS = 2
Method = Literal["grid", "random"]
METHODS: dict[Method, str] = {"grid": "every combination", "random": "some, drawn at random"}


def draw_sweep_form(config: RunConfig | None) -> Plan | None:
    """Draws the fold. Returns the runs that Start will make, or None: just the one of the form."""
    with st.expander("Try several values", icon=":material/science:", key="sweep"):
        st.caption(
            "Makes several runs at once, which belong together as an experiment: one for each value, or for each combination "
            "of values. They wait in the queue and are trained one after the other."
        )
        if config is None:
            st.markdown("Correct the values above first.")
            return None
        specs = specs_of(config)
        paths = st.multiselect(
            "Settings to try",
            list(specs),
            key="sweep settings",
            persist_state="session",
            format_func=lambda path: _label(path, specs),
            placeholder="learning rate, batch size ...",
        )
        values: dict[str, list[Any]] = {}
        wrong = False
        for row in rows_of([path for path in paths if path in specs], COLUMNS):
            for column, path in zip(st.columns(COLUMNS), row, strict=False):
                with column:
                    values[path] = _values(config, path, specs[path])
                    wrong = wrong or not values[path]
        seeds, name, method, samples = _how(paths)
        if not paths and seeds == 1:
            return None
        if wrong:
            return None
        try:
            found = plan(Sweep(config, name, values, int(seeds or 0), method, int(samples or 0)))
        except TrainDeskError as error:
            show_error(error)
            return None
        st.markdown(f"Creates **{count(len(found.configs), 'run')}**.")
        if found.left_out:
            st.caption(f"{count(len(found.left_out), 'combination')} left out: {plain_markdown(found.left_out[0])}")
        return found


def start_sweep(configs: Iterable[RunConfig]) -> None:
    """Stores and queues all of them, then goes to their experiment. On failure shows the sentence where it is called."""
    experiment = ""
    try:
        for config in configs:
            run = create_run(config, runs_folder())
            submit(run, data_folder(), visitor())
            experiment = config.experiment
    except TrainDeskError as error:
        show_error(error)
        return
    switch_page("pages/experiment.py", query_params={"experiment": experiment})


def _label(path: str, specs: dict[str, FieldSpec | None]) -> str:
    owner, _, name = path.partition(".")
    spec = specs.get(path)
    return f"{owner.capitalize()}: {spec.title}" if name and spec else f"{owner.capitalize()}: which"


def _values(config: RunConfig, path: str, spec: FieldSpec | None) -> list[Any]:
    """The values of one setting, chosen or typed; empty, with the reason beneath, when they are wrong."""
    owner, _, name = path.partition(".")
    if spec is None:
        labels: dict[Any, str] = {key: settings.label for key, settings in PARTS[owner].items()}
        now: Any = getattr(config, owner).name
    else:
        labels = {False: "off", True: "on"} if spec.kind == "boolean" else dict(spec.choices)
        now = getattr(getattr(config, owner), name)
    title = _label(path, {path: spec})
    if labels:
        chosen = st.multiselect(
            title,
            list(labels),
            [now],
            key=f"sweep {path}",
            persist_state="session",
            format_func=lambda value: labels[value],
        )
        if not chosen:
            show_error(f"{title} has no values; choose some.")
        return chosen
    assert spec is not None, "a part has choices"
    text = st.text_input(
        title,
        words(spec, now).replace("-", ", "),
        key=f"sweep {path}",
        persist_state="session",
        live=True,
        help=f"For example {EXAMPLES}",
    )
    try:
        values = parse_values(spec, text or "")
    except TrainDeskError as error:
        show_error(error)
        return []
    st.caption(plain_markdown(f"{count(len(values), 'value')}: {', '.join(words(spec, value) for value in values)}"))
    return values


def _how(paths: list[str]) -> tuple[int, str, Method, int]:
    """Number of seeds, name, method, number of combinations."""
    left, right = st.columns(2)
    with left:
        seeds = st.number_input(
            "Seeds for each",
            value=1,
            step=1,
            key="sweep seeds",
            persist_state="session",
            help="The same settings from other random beginnings: shows how much is luck.",
        )
    with right:
        named = st.session_state.setdefault("sweep named", f"Experiment {time.strftime('%d %b %H:%M')}")
        name = st.text_input("Name of the experiment", named, key="sweep name", max_chars=60, persist_state="session")
    method: Method = "grid"
    samples = MOST
    if len(paths) > 1:
        with left:
            method = st.segmented_control(
                "Combinations",
                list(METHODS),
                default="grid",
                key="sweep method",
                format_func=METHODS.__getitem__,
                required=True,
            )
        if method == "random":
            with right:
                samples = st.number_input(
                    "How many combinations", value=10, step=1, key="sweep samples", persist_state="session"
                )
    return seeds, name, method, samples
