"""The end of a run: final numbers on the test pictures, each class on its own, and what was taken for what."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.analysis.run_words import (
    average_of,
    best_epoch_fact,
    device_in_words,
    precision_in_words,
    report_of,
    right_of_all,
)
from core.runs.history import History
from core.runs.store import Run, Status
from core.text.numbers import UNKNOWN, percent
from pages.components.charts.heatmap import heatmap
from pages.components.run.mistakes_view import draw_classes, pairs_in_words
from pages.components.run.phases import epoch_fact, memory_fact, progress_facts
from pages.components.run.usage_facts import usage_facts
from pages.components.shell.histories import SharedHistory
from pages.components.shell.machine_watch import watch
from pages.components.shell.number_words import count, duration, facts


def draw_figures(run: Run, shared: SharedHistory, status: Status) -> None:
    """All figures of a run in a row: how far and how fast while it trains, how good and how sure we are afterwards."""
    if status.is_active:
        with shared.lock:  # another visitor may be reading on
            known, device = progress_facts(shared.history, shared.now()), (shared.history.started or {}).get("device")
        st.html(facts(known + usage_facts(run, watch().look()[-1], str(device)), small=True))
    else:
        _draw_final(shared.history)


def _draw_final(history: History) -> None:
    best, test = history.best_epoch(), history.test
    pairs = []
    if test:
        test = report_of(test, (history.started or {}).get("class_names", []))
        pairs.append(("Test accuracy", percent(test.get("test/accuracy")), right_of_all(test)))
        for title in ("Precision", "Recall", "F1"):
            pairs.append((title, percent(test.get(f"test/{title.lower()}")), average_of(test)))
    elif history.started and history.last_step:
        pairs.append(epoch_fact(history))
    if best:
        pairs.append(best_epoch_fact(best, history))
    if history.started:
        device, precision = device_in_words(history.started), precision_in_words(history.started)
        where = ", ".join(words for words in (f"on {device}" if device else "", precision) if words)
        pairs.append(("Training time", duration(history.elapsed()), where))
    if history.epochs:
        pairs.append(memory_fact(history))
    if pairs:
        st.html(facts(pairs, small=len(pairs) > 6))
    if epoch := history.outdated_test():
        later = f"that of epoch {best['epoch']:,}, the best now," if best else "the best one now"
        st.caption(
            f"The test scores are those of the network of epoch {epoch:,}; {later} is tested at the end of the training."
        )


def draw_test_results(test: dict[str, Any], class_names: list[str]) -> None:
    """Per-class table and confusion matrix, both of the test split."""
    st.header("How it does on the test pictures")
    st.caption(
        f"The network of epoch {test.get('from_epoch', UNKNOWN)} saw these "
        f"{count(test.get('images', 0), 'picture')} only once, after the training."
    )
    matrix = test.get("confusion_matrix")
    if matrix:
        st.markdown(pairs_in_words(np.asarray(matrix), class_names))
    picture, table = st.columns([6, 5], gap="medium")
    with picture:
        if matrix:
            heatmap(matrix, class_names, key="confusion", title="Confusion matrix, test pictures")
    with table:
        draw_classes(report_of(test, class_names).get("per_class") or [])
