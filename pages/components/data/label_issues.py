"""Labels that are probably wrong, looked for among all pictures: start, progress, and three buttons for each."""

from __future__ import annotations

import streamlit as st

from core.image_analysis.label_check import Doubt, LabelCheck, last_check, leave_key, open_doubts, start
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.twins import leave, left_alone
from core.text.numbers import percent
from pages.components.data.findings import change
from pages.components.data.picked import thumbnails
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.refresh import redrawn

SHOWN = 12  # at a time: each has three buttons
REFRESH_SECONDS = 0.7


def draw_doubts(dataset: OwnDataset) -> None:
    """Raises OwnDataError."""
    st.subheader("Labels that may be wrong")
    found = last_check(dataset)
    if found.state == "working":
        redrawn(lambda: last_check(dataset), lambda check: check.state == "working", _draw_progress, REFRESH_SECONDS)
        return
    if found.state == "failed":
        show_error(found.message)
    if found.state != "ready":
        st.caption(
            "Every picture is judged by what can be learned from the others. It takes seconds for hundreds of pictures."
        )
        _draw_start(dataset, "Look for wrong labels", primary=True)
        return
    doubts = open_doubts(dataset, found, left_alone(dataset))
    names = {each.id: each.name for each in dataset.classes()}
    part = "" if found.looked_at == found.pictures else f" {found.looked_at:,} of"
    said = f"Looked at{part} {count(found.pictures, 'picture')} of version {found.version}"
    if not doubts:
        st.markdown(
            f":green[:material/check_circle:] {said}: no label is in doubt" + (" any more." if found.doubts else ".")
        )
    else:
        st.markdown(f"{said}: {count(len(doubts), 'label')} may be wrong, the likeliest first.")
    for doubt in doubts[:SHOWN]:
        _draw_doubt(dataset, doubt, names)
    if len(doubts) > SHOWN:
        st.caption(f"{len(doubts) - SHOWN:,} more follow as these are settled.")
    _draw_start(dataset, "Look again", primary=False)


def _draw_doubt(dataset: OwnDataset, doubt: Doubt, names: dict[int, str]) -> None:
    labelled, said = (plain_markdown(names[each]) for each in (doubt.labelled, doubt.said))
    [picture] = thumbnails(dataset, [doubt.image])
    with st.container(horizontal=True, vertical_alignment="center", key=f"doubt {doubt.image}"):
        st.html(f'<div class="twins"><figure>{picture}</figure></div>', width="content")
        st.markdown(f"Labelled **{labelled}**, looks like **{said}** ({percent(doubt.likely)})", width="stretch")
        if st.button(f"It is {said}", key=f"doubt is {doubt.image}"):
            change(
                dataset, f"A picture moved to {names[doubt.said]}", lambda edit: edit.move([doubt.image], doubt.said)
            )
        if st.button("Leave it", key=f"doubt stays {doubt.image}"):
            leave(dataset, leave_key(doubt))
            st.rerun()
        if st.button("Remove", key=f"doubt goes {doubt.image}", icon=":material/delete:"):
            change(dataset, "A doubted picture removed", lambda edit: edit.remove([doubt.image]))


def _draw_start(dataset: OwnDataset, words: str, primary: bool) -> None:
    kind = "primary" if primary else "secondary"
    if st.button(words, key="look for wrong labels", icon=":material/search:", type=kind):  # type: ignore[arg-type]
        with errors_shown():
            start(dataset)
            st.rerun()


def _draw_progress(found: LabelCheck) -> None:
    text = found.phase + (f": {found.done:,} of {found.total:,}" if found.total else "")
    st.progress(found.done / found.total if found.total else 0.0, text=text + " ...")
    st.caption("It goes on when you leave this page.")
