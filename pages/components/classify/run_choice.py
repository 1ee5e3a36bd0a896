"""Which run answers on the classify page."""

from __future__ import annotations

import streamlit as st

from core.paths import runs_folder
from core.runs.example import example, is_hidden
from core.runs.store import Run, list_runs
from core.text.numbers import percent
from pages.components.classify.best_network import preselected
from pages.components.shell.messages import show_warning
from pages.components.shell.number_words import moment
from pages.components.shell.setting_words import in_short, read_config
from pages.components.shell.summaries import summary

KEY = "classify run"


def runs_with_checkpoint() -> list[Run]:
    """Newest first; running ones too. The example last, also a hidden one that a link names."""
    runs = [run for run in list_runs(runs_folder()) if run.checkpoint()]
    came_along = example()
    if came_along and (not is_hidden(runs_folder()) or st.query_params.get("run") == came_along.id):
        runs.append(came_along)
    return runs


def choose_run(runs: list[Run]) -> Run:
    """A selector that a link (/classify?run=ID) sets, as those of a run's page do; without one the best answers."""
    by_id = {run.id: run for run in runs}
    wanted = st.query_params.get("run")
    if wanted and wanted not in by_id:
        show_warning(f"Run '{wanted[:80]}' has no checkpoint to try; here is another that has one.")
    elif wanted and st.session_state.get("classify link") != wanted:
        st.session_state[KEY] = wanted
    if st.session_state.get(KEY) not in by_id:
        st.session_state[KEY] = preselected(runs).id
    st.session_state["classify link"] = wanted
    chosen = st.selectbox(
        "Network of run",
        list(by_id),
        key=KEY,
        format_func=lambda run_id: label_of(by_id[run_id]),
        label_visibility="collapsed",
    )
    return by_id[chosen]


def label_of(run: Run) -> str:
    """ "Handwritten digits, 99.3 % (today 14:03)"."""
    config, _ = read_config(run)
    facts = summary(run)
    score = percent(facts.test_accuracy) if facts.test_accuracy is not None else facts.status
    what = in_short(config) if config else "damaged config"
    more = "" if facts.title == what else what  # one without a title is called by what it is
    made = "" if run.is_example() else moment(facts.created)
    return f"{facts.title}, {score}" + (f" ({', '.join(filter(None, (more, made)))})" if more or made else "")
