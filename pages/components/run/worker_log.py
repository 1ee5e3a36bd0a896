"""The last lines of what a run's process wrote, for runs that went wrong."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.runs.store import Run

SHOWN_BYTES = 8_000


def draw_worker_log(run: Run) -> None:
    try:
        with run.worker_log.open("rb") as file:
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(0, size - SHOWN_BYTES))
            text = file.read().decode("utf-8", errors="replace").strip()
    except OSError:
        text = ""
    with st.expander("What the training process wrote last"):
        if text:
            st.html(f'<pre class="log">{escape(text)}</pre>')
        else:
            st.caption("Nothing.")
