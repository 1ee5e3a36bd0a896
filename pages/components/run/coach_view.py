"""What the coach says beside the curves, and one button for its remedy."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.analysis.coach import Advice, advise, curves_of
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.store import Run, Status
from pages.components.shell.messages import errors_shown
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.rights import may_change
from pages.components.shell.start import go_on
from pages.components.shell.widgets import pressed
from pages.components.train.filled_form import open_with_changes

ICONS = {
    "rate_too_large": ":material/trending_up:",
    "rate_too_small": ":material/casino:",
    "guessing": ":material/casino:",
    "jumped": ":material/trending_up:",
    "diverging": ":material/trending_up:",
    "memorising": ":material/school:",
    "slow": ":material/hourglass_bottom:",
    "few_val_images": ":material/quiz:",
    "levelling_off": ":material/trending_flat:",
    "waiting": ":material/hourglass_bottom:",
    "slowing": ":material/trending_down:",
    "still_learning": ":material/trending_down:",
    "short": ":material/quiz:",
}
HINT = "Drag across a chart to zoom in, double-click to see all of it. The star marks the best epoch."
SILENT = "A word of advice appears here when there is something to say."


def draw_coach(run: Run, status: Status, config: RunConfig | None, history: History) -> None:
    """One line: a sentence, its evidence on demand, and its remedy if there is one; when the coach is not sure it is silent.

    The line is there before it speaks, and as high as it is whatever it says, so that nothing jumps.
    """
    advice = advise(curves_of(history, config)) if config and status.name not in ("queued", "starting") else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"coach-{run.id}"):
        if advice is None or config is None:
            st.html(f'<p class="advice"><span>{SILENT if status.will_change else HINT}</span></p>')
            return
        st.markdown(ICONS.get(advice.kind, ":material/lightbulb:"), width="content")
        st.html(f'<p class="advice"><b>{escape(advice.sentence)}</b></p>', width="content")
        with st.popover("Why?", type="tertiary", key=f"why {run.id}"):
            st.markdown(f"**{plain_markdown(advice.sentence)}**")
            st.markdown(plain_markdown(f"{advice.evidence[:1].upper()}{advice.evidence[1:]}."))
        if _can_be_done(advice, status, run) and pressed(advice.remedy, key=f"remedy {run.id}"):
            _do(advice, run, config)


def _can_be_done(advice: Advice, status: Status, run: Run) -> bool:
    if not advice.remedy:
        return False
    if advice.stop or advice.learning_rate:
        return status.is_active and may_change(run)
    longer = advice.more_epochs > 0 and status.name in ("finished", "stopped") and may_change(run)
    return bool(advice.changes) or longer


def _do(advice: Advice, run: Run, config: RunConfig) -> None:
    if advice.stop:
        run.request_stop()
        st.rerun()
    if advice.learning_rate:
        run.request_learning_rate(advice.learning_rate)
        st.rerun()
    if advice.more_epochs:
        with errors_shown():
            go_on(run, advice.more_epochs)
            st.rerun()
        return
    open_with_changes(run, config, advice.changes)
