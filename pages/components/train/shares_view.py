"""How a training will share its pictures out: in a line, as a table, and what is odd about it with the buttons that mend it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from core.image_sets.edit import editing
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.shares import Remedy, arrangement_of, as_suggested, remedies
from core.image_sets.split_reasons import Shared
from core.image_sets.splitting import TEST, TRAIN, UNUSED, VAL
from pages.components.shell.links import dataset_page, switch_page
from pages.components.shell.messages import errors_shown
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.rights import may_change_dataset
from pages.components.shell.tables import html_table, table_row

WORDS = {TRAIN: "training", VAL: "validation", TEST: "test", UNUSED: "unused"}
MOST = 40  # classes in the table; of more those with the fewest training pictures


def in_a_line(shared: Shared) -> str:
    """ "48 training, 12 validation and 10 test pictures"; unused ones only where there are some."""
    parts = [f"{shared.total(part):,} {words}" for part, words in WORDS.items() if part != UNUSED or shared.total(part)]
    return f"{', '.join(parts[:-1])} and {parts[-1]} pictures"


def draw_table(shared: Shared) -> None:
    """Behind a click: the pictures of each class and part."""
    with st.popover("Pictures of each class", icon=":material/table_rows:", type="tertiary"):
        st.html(table(shared))


def table(shared: Shared) -> str:
    """HTML: a row for each class, of many for those with the fewest training pictures."""
    columns = [part for part in WORDS if part != UNUSED or shared.total(part)]
    rows = range(len(shared.names))
    if len(rows) > MOST:
        rows = np.argsort(shared.counts[:, TRAIN], kind="stable")[:MOST].tolist()
    body = [table_row(escape(shared.names[row]), (f"{shared.counts[row, part]:,}" for part in columns)) for row in rows]
    total = table_row("All", (f"{shared.total(part):,}" for part in columns))
    left = len(shared.names) - MOST
    more = f"<p class='quiet small'>and {left:,} more classes</p>" if left > 0 else ""
    return html_table(("Class", *(WORDS[part].capitalize() for part in columns)), [*body, total], more)


def draw_suggested(dataset: OwnDataset) -> frozenset[str]:
    """On a dataset's page: as a training with the suggested settings will have its pictures. Returns the kinds of reasons that
    it told. Raises OwnDataError."""
    shared = as_suggested(arrangement_of(dataset))
    if len(shared.names) < 2:
        return frozenset()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"A training has {in_a_line(shared)}.", width="content")
        draw_table(shared)
    draw_reasons(shared, dataset, only_stops=True)
    return frozenset(reason.kind for reason in shared.reasons if reason.stops)


def draw_reasons(
    shared: Shared,
    dataset: OwnDataset | None = None,
    share: float | None = None,
    seed: int = 0,
    mended: Callable[[OwnDataset], None] | None = None,
    only_stops: bool = False,
) -> None:
    """What is odd, each with its buttons if this visitor may change the dataset; `mended` is told of the new version.

    `share` and `seed` are those of the training, by default the suggested ones. Raises OwnDataError.
    """
    for reason in shared.reasons:
        if only_stops and not reason.stops:
            continue
        key = f"{reason.kind} {dataset.id if dataset else ''}"
        with st.container(gap="xsmall", key=f"reason {key}"):
            if reason.stops:
                st.html(f'<p class="problem" role="alert">{escape(reason.sentence)}</p>')
            else:
                st.caption(f":orange[:material/warning:] {plain_markdown(reason.sentence)}")
            if dataset is None or not may_change_dataset(dataset):
                continue
            with st.container(horizontal=True):
                for number, remedy in enumerate(remedies(arrangement_of(dataset), reason, share, seed)):
                    st.button(remedy.label, key=f"mend {number} {key}", on_click=_mend, args=(dataset, remedy, mended))
                if reason.stops and st.button("Bring more pictures", type="tertiary", key=f"bring for {key}"):
                    st.session_state[f"part of {dataset.id}"] = "Add pictures"
                    switch_page(dataset_page(dataset.id))


def _mend(dataset: OwnDataset, remedy: Remedy, mended: Callable[[OwnDataset], None] | None) -> None:
    with errors_shown():
        with editing(dataset, remedy.label) as edit:
            remedy.apply(edit)
        if mended:
            mended(dataset)
