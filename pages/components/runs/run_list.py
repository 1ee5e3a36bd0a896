"""Runs as a short list or as a table, those that fit a search; opening one goes to its page, and several can be dealt with at
once."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.runs.store import MOVING
from core.runs.summary import Summary
from pages.components.run.controls import RESUMABLE, draw_lengthening
from pages.components.run.manage import delete_button, favourite_button, open_labels, open_tags, resume_all
from pages.components.run.resuming import draw_problem
from pages.components.runs.run_table import TICKED, run_table
from pages.components.shell.histories import run_of, shared_history, summaries
from pages.components.shell.links import compare_page, form_page, run_page, switch_page
from pages.components.shell.rights import may_change, read_only_words
from pages.components.shell.setting_words import read_config
from pages.components.shell.widgets import action, pressed, search_field, steady

SEEN, TABLE = "ticked runs", "run table"
EVERYWHERE = "*"  # no computer is called so
REFRESH_SECONDS = 2.0
ROWS = 200  # that are sent anew so often; of more, less often


def draw_run_list(facts: list[Summary]) -> None:
    """What can be done with the ticked runs, and the table below it; while one of them trains its row moves."""
    if not facts:
        return
    known = {entry.id: entry for entry in facts}
    # above the table, and as high without ticks: nothing jumps under the hand
    with st.container(key="actions of runs"):
        draw_actions([known[run_id] for run_id in _ticked() if run_id in known])
    moves = any(entry.status in MOVING for entry in facts)
    pause = REFRESH_SECONDS * max(1.0, len(facts) / ROWS)
    first = [known]
    st.fragment(
        lambda: _draw_table([*known], first.pop() if first else {entry.id: entry for entry in summaries()}),
        run_every=pause if moves else None,
    )()


def _ticked() -> list[str]:
    """The ids as the browser says them with this very run, or as they were last: a click is about what is ticked now, and one on
    a button that was drawn for other ticks is lost rather than done to runs that are ticked no more."""
    told = getattr(st.session_state.get(TABLE), TICKED, None)
    return told if isinstance(told, list) else st.session_state.get(SEEN, [])


def _draw_table(ids: list[str], known: dict[str, Summary]) -> None:
    """Those of these ids that are still there, with what is `known` of them now."""
    ticked, opened = run_table(
        [known[run_id] for run_id in ids if run_id in known], TABLE, st.session_state.get(SEEN, [])
    )
    if opened:
        switch_page(run_page(opened))
    now = [entry.id for entry in ticked]
    if now != st.session_state.get(SEEN, []):
        st.session_state[SEEN] = now
        st.rerun()  # all of the page: the actions are others


def draw_actions(ticked: list[Summary]) -> None:
    """What can be done with the ticked runs."""
    if not ticked:
        st.caption("Tick runs to compare, name, tag, repeat or delete them.")
        return
    runs = [run_of(entry.id) for entry in ticked]
    mine = all(map(may_change, runs))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="actions"):
        if len(runs) == 1:
            if pressed("Open", icon=":material/open_in_new:", key="open the ticked"):
                switch_page(run_page(runs[0].id))
            if mine and pressed("Name, note, tags", icon=":material/edit:", key="label the ticked"):
                open_labels(runs[0])
            if pressed("Run it again with changes", icon=":material/replay:", key="repeat the ticked"):
                switch_page(form_page("from", runs[0].id))
            if pressed("Compare with ...", icon=":material/compare_arrows:", key="compare the ticked"):
                switch_page(compare_page([runs[0].id]))
            if config := read_config(runs[0])[0]:
                draw_lengthening(runs[0], runs[0].status(), config, shared_history(runs[0]).history)
        else:
            if pressed("Compare", icon=":material/compare_arrows:", key="compare the ticked", type="primary"):
                switch_page(compare_page(entry.id for entry in ticked))
            if mine and pressed("Tag", icon=":material/sell:", key="tag the ticked"):
                open_tags(runs)
        favourite_button(runs)
        resumable = [run for run in runs if run.status().name in RESUMABLE]
        if mine and resumable:
            action("Resume", lambda: resume_all(resumable), icon=":material/resume:", key="resume the ticked")
        active = [run for run in runs if run.status().is_active]
        if mine and active and pressed("Stop", icon=":material/stop_circle:", key="stop the ticked"):
            for run in active:
                run.request_stop()
            st.rerun()
        delete_button(runs)
        if not mine:
            st.caption(next(read_only_words(run) for run in runs if not may_change(run)))
    if len(runs) == 1:
        draw_problem(runs[0])


def draw_filter(runs: list[Summary]) -> list[Summary]:
    """The runs that fit what the visitor asks for, in the order of the list."""
    statuses = sorted({run.status for run in runs})
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        text = search_field("title, note, tag, dataset", "search")
        wanted = (
            st.pills("Status", statuses, selection_mode="multi", key="statuses", label_visibility="collapsed")
            if len(statuses) > 1
            else []
        )
        where = _draw_computers(runs)
        first = st.toggle("Favourites first", key="favourites first") if any(run.favourite for run in runs) else False
    found = [run for run in runs if fits(run, text) and where in (EVERYWHERE, run.computer)]
    found = [run for run in found if not wanted or run.status in wanted]
    if not found:
        st.markdown("No run fits. Clear the search or choose other statuses.")
    return sorted(found, key=lambda run: not run.favourite) if first else found


def _draw_computers(runs: list[Summary]) -> str:
    """Which computer's runs are wanted, or `EVERYWHERE`."""
    names = sorted({run.computer for run in runs})
    if len(names) < 2:
        return EVERYWHERE
    words = {EVERYWHERE: "on any computer", **{name: f"on {name or 'this computer'}" for name in names}}
    steady("computers", words, lambda: EVERYWHERE)
    options: dict[str, Any] = {"label_visibility": "collapsed", "width": 220}
    return st.selectbox("Computer", list(words), key="computers", format_func=words.__getitem__, **options)


def fits(run: Summary, text: str) -> bool:
    """Whether all words of the search are in what the list says of the run."""
    words = (
        run.title,
        run.note,
        *run.tags,
        run.dataset,
        run.architecture,
        run.optimizer,
        run.experiment,
        run.computer,
        run.id,
    )
    said = " ".join(words).casefold()
    return all(word in said for word in text.casefold().split())
