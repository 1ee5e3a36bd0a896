"""Finding runs in a list: a search, statuses, favourites first."""

from __future__ import annotations

import streamlit as st

from core.runs.summary import Summary


def draw_filter(runs: list[Summary]) -> list[Summary]:
    """The runs that fit what the visitor asks for, in the order of the list."""
    statuses = sorted({run.status for run in runs})
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        text = st.text_input(
            "Search",
            key="search",
            placeholder="Search: title, note, tag, dataset ...",
            label_visibility="collapsed",
            live=True,
            bind="query-params",
            width=320,
        )
        wanted = (
            st.pills("Status", statuses, selection_mode="multi", key="statuses", label_visibility="collapsed")
            if len(statuses) > 1
            else []
        )
        first = st.toggle("Favourites first", key="favourites first") if any(run.favourite for run in runs) else False
    found = [run for run in runs if fits(run, text or "") and (not wanted or run.status in wanted)]
    if not found:
        st.markdown("No run fits. Clear the search or choose other statuses.")
    return sorted(found, key=lambda run: not run.favourite) if first else found


def fits(run: Summary, text: str) -> bool:
    """Whether all words of the search are in what the list says of the run."""
    said = " ".join(
        [run.title, run.note, *run.tags, run.dataset, run.architecture, run.optimizer, run.experiment, run.id]
    ).casefold()
    return all(word in said for word in text.casefold().split())
