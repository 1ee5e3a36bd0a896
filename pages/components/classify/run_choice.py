"""Which run answers on the classify page; as long as nobody has chosen one it is one's own best, if it is any good, else the
example."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.datasets import DatasetSettings
from core.demo import made_by
from core.paths import runs_folder
from core.run_config import RunConfig
from core.runs.example import example, is_hidden
from core.runs.store import Run, list_runs
from core.text.numbers import percent
from pages.components.shell.histories import run_of, summaries, summary
from pages.components.shell.messages import show_warning
from pages.components.shell.number_words import moment
from pages.components.shell.rights import demo_owner
from pages.components.shell.setting_words import in_short, read_config

LOOKED_BACK = 20  # runs of which one's own best is looked for
GOOD = 0.9  # of the test digits that it must read: fewer would make a poor first impression
ABOVE_LUCK = 0.1  # so much more than by guessing it must know of anything else
KEY = "classify run"


def network_for_digits() -> Run | None:
    """Of one's own networks that were trained to the end on digits the best, demos left out; else the example."""
    return _best([each for each in _own() if knows_digits(each[1].dataset)]) or example()


def preselected(runs: Sequence[Run]) -> Run:
    """Of the runs that can be tried, newest first: one's own best for what one has trained last; else the example; else the
    newest that was trained to the end; else the newest."""
    own = _own()
    last = _names(own[0][1]) if own else ()
    found = _best([each for each in own if _names(each[1]) == last]) or example()
    if found is not None and found in runs:
        return found
    return next((run for run in runs if summary(run).status == "finished"), runs[0])


def knows_digits(dataset: DatasetSettings) -> bool:
    """Whether all ten digits, and nothing else, are its classes and people can draw them."""
    return dataset.drawable and set(dataset.info().class_names) == set("0123456789")


def _own() -> list[tuple[Run, RunConfig, float]]:
    """Those that were trained to the end and can be tried, with the share of the test pictures that is right; newest first."""
    demos, owner = {run.id for run in made_by(runs_folder())}, demo_owner()
    found = []
    for facts in summaries()[:LOOKED_BACK]:
        run = run_of(facts.id)
        is_own = facts.id not in demos and not run.is_example() and (not owner or facts.owner == owner)
        if is_own and facts.status == "finished" and facts.has_checkpoint and facts.test_accuracy is not None:
            config, _ = read_config(run)
            if config:
                found.append((run, config, facts.test_accuracy))
    return found


def _best(networks: Sequence[tuple[Run, RunConfig, float]]) -> Run | None:
    """The one with the highest accuracy that is worth it, of several the newest."""
    worth = [
        (run, accuracy)
        for run, config, accuracy in networks
        if accuracy >= (GOOD if knows_digits(config.dataset) else 1 / len(_names(config)) + ABOVE_LUCK)
    ]
    return max(worth, key=lambda each: each[1])[0] if worth else None


def _names(config: RunConfig) -> tuple[str, ...]:
    return tuple(config.dataset.info().class_names)


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
