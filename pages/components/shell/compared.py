"""Which runs are compared, and in which colours: the address says both, so that a link shows the same elsewhere.

`runs=A,B,,C`: the place of a run is its colour. Where one was taken out its place stays empty, and the others keep theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import streamlit as st

from core.runs.summary import Summary
from core.text.lists import some
from pages.components.shell.links import RUNS, say
from pages.components.shell.messages import show_warning
from pages.components.shell.number_words import moment
from pages.components.shell.widgets import told_apart

MOST = 50
NAMED = 3  # runs
PICKER = "compared runs"


def places(text: str, known: Iterable[str]) -> list[str]:
    """The run at each place of an address, "" where there is none."""
    known = set(known)
    found: list[str] = []
    for run_id in text.split(",")[: 4 * MOST]:
        found.append(run_id if run_id in known and run_id not in found else "")
    return _trimmed(found)[: 4 * MOST]


def draw_unknown(here: Mapping[str, Summary], begun: Collection[str]) -> None:
    """What the address names but cannot be compared: of `here`, all runs of this computer, only those that have `begun`."""
    asked = list(dict.fromkeys(filter(None, st.query_params.get(RUNS, "").split(",")[: 4 * MOST])))
    gone = [run_id[:60] for run_id in asked if run_id not in here]
    early = [here[run_id].title for run_id in asked if run_id in here and run_id not in begun]
    if gone:
        are, what = ("is", "a run that") if len(gone) == 1 else ("are", f"{len(gone)} runs that")
        show_warning(
            f"This link names {what} {are} not here ({some(gone, NAMED)}): deleted since, or of another computer's runs folder."
        )
    if early:
        show_warning(f"Nothing to compare yet of {some(early, NAMED)}: no epoch is done.")


def changed(before: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The places after another choice: who stays keeps its place, who is new takes the first that is empty."""
    found = [run_id if run_id in wanted else "" for run_id in before]
    for run_id in wanted:
        if run_id in found:
            continue
        if "" in found:
            found[found.index("")] = run_id
        else:
            found.append(run_id)
    return _trimmed(found)


def pick(runs: list[Summary]) -> list[tuple[Summary, int]]:
    """The picker; returns the chosen runs with their places, in the order of the places."""
    by_id = {run.id: run for run in runs}
    words = told_apart({run.id: label(run) for run in runs})
    now = places(st.query_params.get(RUNS, ""), by_id)
    st.session_state[PICKER] = [run_id for run_id in now if run_id]

    def choose() -> None:
        wanted = changed(places(st.query_params.get(RUNS, ""), by_id), st.session_state[PICKER])
        say(RUNS, ",".join(wanted))

    st.multiselect(
        "Runs",
        list(by_id),
        key=PICKER,
        format_func=lambda run_id: words.get(run_id, run_id),
        max_selections=MOST,
        placeholder="pick two or more",
        label_visibility="collapsed",
        on_change=choose,
    )
    return [(by_id[run_id], place) for place, run_id in enumerate(now) if run_id]


def label(run: Summary) -> str:
    """ "MLP, today 14:03"."""
    return f"{run.title}, {moment(run.created)}"


def names(runs: Sequence[Summary]) -> list[str]:
    """Short names that tell them apart: titles, with the time or the id where a title stands twice."""
    titles = [run.title for run in runs]
    found = []
    for run in runs:
        if titles.count(run.title) == 1:
            found.append(run.title)
        else:
            same = [other for other in runs if other.title == run.title]
            tells = [moment(other.created) for other in same].count(moment(run.created)) == 1
            found.append(f"{run.title} ({moment(run.created) if tells else run.id[-4:]})")
    return found


def _trimmed(found: list[str]) -> list[str]:
    while found and not found[-1]:
        found.pop()
    return found
