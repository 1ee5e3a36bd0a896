"""Which run answers on the classify page; as long as nobody has chosen one it is one's own best so far, if it is any good,
else the example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.datasets import DatasetSettings
from core.demo import made_by
from core.paths import runs_folder
from core.runs.example import example, is_hidden
from core.runs.store import Run, list_runs
from core.runs.summary import Summary
from core.text.numbers import percent
from pages.components.shell.histories import run_of, summaries, summary
from pages.components.shell.messages import show_warning
from pages.components.shell.number_words import moment
from pages.components.shell.rights import demo_owner
from pages.components.shell.setting_words import in_short, read_config
from pages.components.shell.widgets import steady, told_apart

LOOKED_BACK = 20  # runs of which one's own best is looked for
GOOD = 0.9  # of the digits that it must read: fewer would make a poor first impression
ABOVE_LUCK = 0.1  # so much more than by guessing it must know of anything else
KEY = "classify run"
BEST = "best so far of "  # and a dataset's title: a choice that is no run's id


def network_for_digits() -> Run | None:
    """Of one's own networks that were trained to the end on digits the best, demos left out; else the example."""
    found: list[tuple[float, Run]] = []
    for facts in _own()[:LOOKED_BACK]:
        config, _ = read_config(run_of(facts.id))
        if facts.status == "finished" and config and knows_digits(config.dataset) and facts.test_accuracy is not None:
            found.append((facts.test_accuracy, run_of(facts.id)))
    accuracy, run = max(found, key=lambda each: each[0], default=(0.0, None))
    return run if accuracy >= GOOD else example()


def best_so_far() -> dict[str, Run]:
    """One's own network with the highest validation accuracy for each dataset, by its title, the dataset that was trained on last
    first; one that trains still is among them, demos are not."""
    best: dict[str, Summary] = {}
    for facts in _own():
        if facts.val_accuracy is not None and facts.dataset:  # which that of a damaged config was is not known
            before = best.setdefault(facts.dataset, facts)
            if _rank(facts) > _rank(before):
                best[facts.dataset] = facts
    return {dataset: run_of(facts.id) for dataset, facts in best.items()}


def preselected(runs: Sequence[Run], best: Mapping[str, Run]) -> str:
    """Of `runs` that can be tried, newest first, and of `best_so_far`: the best for what one has trained on last, if it is any
    good; else the example; else the newest that was trained to the end; else the newest."""
    dataset, run = next(iter(best.items()), ("", None))
    if run and _is_good(run):
        return BEST + dataset
    found = example()
    if found is None or found not in runs:
        found = next((run for run in runs if summary(run).status == "finished"), runs[0])
    return found.id


def knows_digits(dataset: DatasetSettings) -> bool:
    """Whether all ten digits, and nothing else, are its classes and people can draw them."""
    return dataset.drawable and set(dataset.info().class_names) == set("0123456789")


def _own() -> list[Summary]:
    """One's own runs that can be tried, newest first."""
    demos, owner = {run.id for run in made_by(runs_folder())}, demo_owner()
    return [
        facts
        for facts in summaries()
        if facts.has_checkpoint and facts.id not in demos and (not owner or facts.owner == owner)
        if not run_of(facts.id).is_example()
    ]


def _rank(facts: Summary) -> tuple[float, float]:
    return facts.val_accuracy or 0.0, facts.test_accuracy or 0.0


def _is_good(run: Run) -> bool:
    """Whether it knows so much more than by guessing that it makes a good first impression."""
    config, _ = read_config(run)
    if config is None:
        return False
    least = GOOD if knows_digits(config.dataset) else 1 / len(config.dataset.info().class_names) + ABOVE_LUCK
    return _rank(summary(run))[0] >= least


def runs_with_checkpoint() -> list[Run]:
    """Newest first; running ones too. The example last, also a hidden one that a link names."""
    runs = [run for run in list_runs(runs_folder()) if run.checkpoint()]
    came_along = example()
    if came_along and (not is_hidden(runs_folder()) or st.query_params.get("run") == came_along.id):
        runs.append(came_along)
    return runs


def choose_run(runs: list[Run]) -> Run:
    """A selector that a link (/classify?run=ID) sets, as those of a run's page do; without one the best so far answers, whichever
    run that comes to be."""
    by_id = {run.id: run for run in runs}
    best = {dataset: run for dataset, run in best_so_far().items() if run.id in by_id}
    offered = {BEST + dataset: run for dataset, run in best.items()} | by_id
    words = told_apart({run.id: label_of(run) for run in runs})
    wanted = st.query_params.get("run")
    if wanted and wanted not in by_id:
        show_warning(f"Run '{wanted[:80]}' has no checkpoint to try; here is another that has one.")
    elif wanted and st.session_state.get("classify link") != wanted:
        st.session_state[KEY] = wanted
    steady(KEY, offered, lambda: preselected(runs, best))
    st.session_state["classify link"] = wanted

    def said(choice: str) -> str:
        of = f" of {choice.removeprefix(BEST)}" if len(best) > 1 else ""
        return (f"Best so far{of}: " if choice not in by_id else "") + words[offered[choice].id]

    chosen = st.selectbox(
        "Network of run",
        list(offered),
        key=KEY,
        format_func=said,
        label_visibility="collapsed",
        persist_state="session",
    )
    return offered[chosen]


def label_of(run: Run) -> str:
    """ "Handwritten digits, 99.3 % (today 14:03)"."""
    config, _ = read_config(run)
    facts = summary(run)
    score = percent(facts.test_accuracy) if facts.test_accuracy is not None else facts.status
    what = in_short(config) if config else "damaged config"
    more = "" if facts.title == what else what  # one without a title is called by what it is
    made = "" if run.is_example() else moment(facts.created)
    return f"{facts.title}, {score}" + (f" ({', '.join(filter(None, (more, made)))})" if more or made else "")
