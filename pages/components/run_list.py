"""Runs as a short list or as a table; opening one goes to its page."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.runs.store import Run
from core.runs.summary import DAMAGED, Summary
from pages.components.messages import show_warning
from pages.components.summaries import summary
from pages.components.wording import NEXT, STATUS_COLOURS, moment, percent, plain_markdown


def draw_recent_runs(runs: list[Run]) -> None:
    for run in runs:
        facts = summary(run)
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", gap="small", key=f"recent {run.id}"
        ):
            st.page_link("pages/run.py", label=f"**{plain_markdown(facts.title)}**", query_params={"run": run.id})
            st.badge(facts.status, color=STATUS_COLOURS[facts.status])
            st.caption(plain_markdown(_in_short(facts)))


def draw_run_table(runs: list[Run]) -> None:
    facts = [summary(run) for run in runs]
    rows = {
        "Open": ["Open"] * len(facts),
        "Title": [entry.title for entry in facts],
        "Status": [entry.status for entry in facts],
        "You can": [NEXT[entry.status] for entry in facts],
        "Dataset": [entry.dataset for entry in facts],
        "Architecture": [entry.architecture for entry in facts],
        "Best val accuracy": [_of_hundred(entry.val_accuracy) for entry in facts],
        "Test accuracy": [_of_hundred(entry.test_accuracy) for entry in facts],
        "Started": [datetime.fromtimestamp(entry.created) for entry in facts],
        "Seconds": [entry.seconds for entry in facts],
        "Note": [entry.problem for entry in facts],
    }
    if not any(rows["Note"]):
        del rows["Note"]
    share = st.column_config.NumberColumn(format="%.1f %%")
    st.dataframe(
        rows,
        hide_index=True,
        placeholder="-",
        column_config={
            "Open": st.column_config.ButtonColumn("", type="tertiary", key="open run"),
            "Best val accuracy": share,
            "Test accuracy": share,
            "Note": st.column_config.TextColumn(width="large"),
            "Started": st.column_config.DatetimeColumn(format="D MMM YYYY HH:mm"),
            "Seconds": st.column_config.NumberColumn(format="%.0f"),
        },
    )
    for entry in facts:
        if entry.status == DAMAGED:
            show_warning(f"{entry.title}: {entry.problem}")
    click = st.session_state.get("open run")
    if click is not None and 0 <= click["row"] < len(runs):
        st.switch_page("pages/run.py", query_params={"run": runs[click["row"]].id})


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
