"""Runs as a short list or as a table; opening one goes to its page, and several can be dealt with at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core.runs.store import Run
from core.runs.summary import DAMAGED, Summary
from pages.components.compared import address_of
from pages.components.describe import read_config
from pages.components.histories import shared_history
from pages.components.links import page_link, switch_page
from pages.components.messages import show_warning
from pages.components.rights import may_change, read_only_words
from pages.components.run_controls import RESUMABLE, draw_lengthening, draw_problem
from pages.components.run_manage import delete_button, favourite_button, open_labels, open_tags, resume_all
from pages.components.summaries import run_of, summary
from pages.components.vector import sparkline
from pages.components.wording import NEXT, STATUS_COLOURS, moment, percent, plain_markdown

OPEN = "open run"


def draw_recent_runs(runs: list[Run]) -> None:
    for run in runs:
        facts = summary(run)
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", gap="small", key=f"recent {run.id}"
        ):
            page_link("pages/run.py", label=f"**{plain_markdown(facts.title)}**", query_params={"run": run.id})
            st.badge(facts.status, color=STATUS_COLOURS[facts.status])
            st.caption(plain_markdown(_in_short(facts)), width="stretch")
            if len(facts.sparks) > 1:
                st.html(_spark(facts.sparks), width="content")


def _spark(accuracies: Sequence[float]) -> str:
    """HTML: val accuracy from its lowest to its highest."""
    low, high = min(accuracies), max(accuracies)
    words = f"val accuracy from {percent(accuracies[0])} to {percent(accuracies[-1])}"
    return sparkline([(value - low) / (high - low or 1) for value in accuracies], words)


def draw_run_table(facts: list[Summary]) -> list[Summary]:
    """The table; returns the runs that are ticked."""
    if not facts:
        return []
    share = st.column_config.NumberColumn(format="%.1f %%")
    rows = table_rows(facts)
    event = st.dataframe(
        rows,
        hide_index=True,
        placeholder="-",
        on_select="rerun",
        selection_mode="multi-row",
        key=f"runs {_ids(facts)}",  # another list is another table: what is ticked never slips to another run
        column_config={
            "Open": st.column_config.ButtonColumn("", type="tertiary", key=OPEN),
            "★": st.column_config.TextColumn(width=35),
            "Best val accuracy": share,
            "Test accuracy": share,
            "Val accuracy": st.column_config.LineChartColumn(width="small", help="Of each epoch"),
            "Tags": st.column_config.ListColumn(),
            "Note": st.column_config.TextColumn(width="large"),
            "Started": st.column_config.DatetimeColumn(format="D MMM YYYY HH:mm"),
            "Seconds": st.column_config.NumberColumn(format="%.0f"),
            "MB": st.column_config.NumberColumn(format="%.1f"),
        },
    )
    for entry in facts:
        if entry.status == DAMAGED:
            show_warning(f"{entry.title}: {entry.problem}")
    click = st.session_state.get(OPEN)
    if click is not None and 0 <= click["row"] < len(facts):
        switch_page("pages/run.py", query_params={"run": facts[click["row"]].id})
    return [facts[row] for row in event.selection.rows if row < len(facts)]


def table_rows(facts: list[Summary]) -> dict[str, list]:
    """Columns of the table; those that no run has anything in are left out."""
    columns: dict[str, list] = {
        "Open": ["Open"] * len(facts),
        "★": ["★" if entry.favourite else "" for entry in facts],
        "Title": [entry.title for entry in facts],
        "Status": [entry.status for entry in facts],
        "You can": [NEXT[entry.status] for entry in facts],
        "Experiment": [entry.experiment for entry in facts],
        "Dataset": [entry.dataset for entry in facts],
        "Architecture": [entry.architecture for entry in facts],
        "Optimizer": [entry.optimizer for entry in facts],
        "Best val accuracy": [_of_hundred(entry.val_accuracy) for entry in facts],
        "Test accuracy": [_of_hundred(entry.test_accuracy) for entry in facts],
        "Val accuracy": [list(entry.sparks) for entry in facts],
        "Started": [datetime.fromtimestamp(entry.created) for entry in facts],
        "Seconds": [entry.seconds for entry in facts],
        "MB": [entry.size / 1e6 for entry in facts],
        "Tags": [list(entry.tags) for entry in facts],
        "Note": [" ".join(filter(None, (entry.note, entry.problem))) for entry in facts],
    }
    return {name: column for name, column in columns.items() if any(column) or name in ("Open", "MB", "Seconds")}


def draw_actions(ticked: list[Summary]) -> None:
    """What can be done with the ticked runs."""
    if not ticked:
        st.caption("Tick runs in the first column to compare, name, tag, repeat or delete them.")
        return
    runs = [run_of(entry.id) for entry in ticked]
    mine = all(map(may_change, runs))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="actions"):
        if len(runs) == 1:
            if st.button("Open", icon=":material/open_in_new:", key="open the ticked"):
                switch_page("pages/run.py", query_params={"run": runs[0].id})
            if mine and st.button("Name, note, tags", icon=":material/edit:", key="label the ticked"):
                open_labels(runs[0])
            if st.button("Run it again with changes", icon=":material/replay:", key="repeat the ticked"):
                switch_page("pages/train.py", query_params={"from": runs[0].id})
            if config := read_config(runs[0])[0]:
                draw_lengthening(runs[0], runs[0].status(), config, shared_history(runs[0]).history)
        else:
            if st.button("Compare", icon=":material/compare_arrows:", key="compare the ticked", type="primary"):
                switch_page("pages/compare.py", query_params=address_of(entry.id for entry in ticked))
            if mine and st.button("Tag", icon=":material/sell:", key="tag the ticked"):
                open_tags(runs)
        favourite_button(runs)
        resumable = [run for run in runs if run.status().name in RESUMABLE]
        if mine and resumable and st.button("Resume", icon=":material/resume:", key="resume the ticked"):
            resume_all(resumable)
            st.rerun()
        active = [run for run in runs if run.status().is_active]
        if mine and active and st.button("Stop", icon=":material/stop_circle:", key="stop the ticked"):
            for run in active:
                run.request_stop()
            st.rerun()
        delete_button(runs)
        if not mine:
            st.caption(next(read_only_words(run) for run in runs if not may_change(run)))
    if len(runs) == 1:
        draw_problem(runs[0])


def _ids(facts: list[Summary]) -> str:
    return hashlib.sha256(" ".join(entry.id for entry in facts).encode()).hexdigest()[:12]


def _in_short(facts: Summary) -> str:
    if facts.status == DAMAGED:
        return facts.problem
    score = f"test accuracy {percent(facts.test_accuracy)}" if facts.test_accuracy is not None else ""
    if not score and facts.val_accuracy is not None:
        score = f"best val accuracy {percent(facts.val_accuracy)}"
    can = "you can resume it" if facts.status in ("paused", "interrupted") else ""
    parts = (f"{facts.architecture} on {facts.dataset}", score, moment(facts.created), can)
    return ", ".join(part for part in parts if part)


def _of_hundred(share: float | None) -> float | None:
    """For a column that sorts by number; like `percent`, it shows 100 only for all."""
    return None if share is None else 100.0 if share >= 1 else min(99.9, share * 100)
