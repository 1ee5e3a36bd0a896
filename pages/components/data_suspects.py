"""Pictures whose label the newest network doubts, with the click that follows it."""

from __future__ import annotations

import streamlit as st

from core.errors import TrainDeskError
from core.own_data.edit import editing
from core.own_data.store import OwnDataset
from core.paths import data_folder, runs_folder
from core.runs.labels import title_of
from core.suspects import newest_run_on, suspects
from pages.components.messages import show_error
from pages.components.picked import picked
from pages.components.wording import count, percent, plain_markdown

SHOWN = 40


def draw_suspects(dataset: OwnDataset) -> None:
    """Raises OwnDataError."""
    st.subheader("Labels that a network doubts")
    newest = newest_run_on(dataset, runs_folder())
    if newest is None:
        st.caption("Train on these pictures once; then pictures that may be in the wrong class are listed here.")
        return
    run, config = newest
    try:
        found = suspects(run, config, dataset, data_folder())[:SHOWN]
    except TrainDeskError as error:
        show_error(str(error))
        return
    title = plain_markdown(title_of(run, config))
    if not found:
        st.markdown(f"The run **{title}** doubts no label of the validation and test pictures.")
        return
    names = {each.id: each.name for each in dataset.classes()}
    st.markdown(
        f"The run **{title}** never learned from these {count(len(found), 'picture')} and is sure of another class. Either it is "
        "wrong, or the label is: pick those whose label is wrong."
    )
    said = {
        each.image: f"{names.get(each.labelled, '?')}? {names.get(each.said, '?')}, {percent(each.confidence)}"
        for each in found
    }
    chosen = picked(dataset, [each.image for each in found], key=f"suspects of {dataset.id}", said=said)
    with st.container(horizontal=True):
        move = st.button(
            "Move to what it says", key="move suspects", disabled=not chosen, icon=":material/drive_file_move:"
        )
        remove = st.button("Remove", key="remove suspects", disabled=not chosen, icon=":material/delete:")
    if not (move or remove):
        return
    try:
        with editing(dataset, f"{count(len(chosen), 'doubted picture')} {'moved' if move else 'removed'}") as edit:
            for each in found:
                if each.image in chosen and move:
                    edit.move([each.image], each.said)
            if remove:
                edit.remove(chosen)
    except TrainDeskError as error:
        show_error(str(error))
        return
    st.rerun()
