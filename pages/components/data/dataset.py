"""One dataset: train on it, look at its pictures, put them in order, go back to an earlier version."""

from __future__ import annotations

from collections.abc import Sequence
from operator import methodcaller

import streamlit as st

from core.image_sets.edit import LONGEST_NAME, checked_name
from core.image_sets.export import MOST_AT_ONCE, as_zip
from core.image_sets.folders import delete_dataset
from core.image_sets.own_dataset import SPLITS, OwnClass, OwnDataset
from core.image_sets.shares import arrangement_of, as_suggested, hold_out
from core.image_sets.splitting import TEST
from core.text.numbers import bytes_in_words, percent
from pages.components.data.browser import picked
from pages.components.data.dataset_list import DELETED, SPLIT_WORDS
from pages.components.data.drafts import draw_what_it_knows
from pages.components.data.findings import change, draw_doubts, draw_findings
from pages.components.data.import_form import draw_import_form
from pages.components.data.keeping_view import draw_keeping
from pages.components.data.map_view import draw_map
from pages.components.data.writers_view import draw_writers
from pages.components.shell.downloads import download
from pages.components.shell.links import DATA, show, way_back
from pages.components.shell.number_words import count, moment, plain_markdown
from pages.components.shell.rights import READ_ONLY, may_change_dataset
from pages.components.shell.widgets import action, paged, pressed
from pages.components.train.cards import draw_continue, draw_training_cards
from pages.components.train.notices import draw_suggested, draw_table, in_a_line

PAGE = 60  # pictures at a time
ALL = "all"
UNDONE = "Undone: "


def draw_dataset(dataset: OwnDataset) -> None:
    """Raises OwnDataError."""
    way_back(DATA, "All datasets")
    st.title(dataset.title)
    classes = dataset.classes()
    newest = dataset.newest()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="about dataset"):
        st.caption(
            f"{count(sum(each.images for each in classes), 'picture')} in {len(classes)} classes, version {newest}. "
            "A run remembers the version it saw.",
            width="content",
        )
        draw_keeping(dataset.folder, may_change_dataset(dataset))
    draw_continue(dataset)
    draw_training_cards(dataset)
    told = draw_suggested(dataset)
    if not may_change_dataset(dataset):
        st.caption(READ_ONLY)
        _draw_pictures(dataset, classes, mine=False)
        return
    names = ["Pictures", "Check", "Add pictures", "Versions and more"]
    look, check, add, more = st.tabs(names, on_change="rerun", key=f"part of {dataset.id}")
    with look:
        _draw_pictures(dataset, classes)
    if check.open:  # half a second of looking at 100,000 pictures
        with check:
            draw_findings(dataset, dataset.id, told=told)
            draw_doubts(dataset)
            draw_map(dataset)
    if add.open:
        with add:
            draw_import_form(dataset.id)
            draw_what_it_knows(dataset)
    with more:
        _draw_more(dataset, newest)


def _draw_pictures(dataset: OwnDataset, classes: Sequence[OwnClass], mine: bool = True) -> None:
    by_id = {each.id: each for each in classes}
    if not by_id:
        st.markdown("There are no classes; add pictures.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Class",
            list(by_id),
            format_func=lambda each: f"{by_id[each].name} ({by_id[each].images:,})" if each in by_id else "",
            key=f"class of {dataset.id}",
            width=280,
        )
        split = st.segmented_control(
            "Part",
            [ALL, *SPLITS],
            format_func=lambda each: SPLIT_WORDS.get(each, each),
            default=ALL,
            key=f"split of {dataset.id}",
            required=True,
        )
    each = by_id[chosen]
    total = each.images if split == ALL else each.counts.get(split, 0)
    first = paged(total, PAGE, f"page of {dataset.id} {chosen} {split}")
    numbers = dataset.page(chosen, first, PAGE, "" if split == ALL else split)
    above = st.container()
    selected = picked(dataset, numbers, key=f"wall of {dataset.id}")
    if mine:
        with above:
            _draw_edit_pictures(dataset, selected, each, classes)
            _draw_undo(dataset)
        _draw_edit_class(dataset, each)


def _draw_undo(dataset: OwnDataset) -> None:
    """The last change, which one click takes back; then that is the last change."""
    last = dataset.versions()[0]
    if last.number < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="last change"):
        st.caption(f"Last change: {plain_markdown(last.words)}.", width="content")
        if pressed("Undo", icon=":material/undo:", type="tertiary", key="undo the change"):
            words = last.words.removeprefix(UNDONE)
            words = words if last.words.startswith(UNDONE) else f"{UNDONE}{words}"
            change(dataset, words, lambda edit: edit.back_to(last.number - 1))


def _draw_edit_pictures(
    dataset: OwnDataset, selected: list[int], current: OwnClass, classes: Sequence[OwnClass]
) -> None:
    """Always there and always as high: picking a picture moves nothing."""
    others = {each.id: each.name for each in classes if each.id != current.id}
    none = not selected
    with st.container(horizontal=True, vertical_alignment="bottom", border=True, key="picked bar"):
        said = (
            "Click pictures to pick some, with Shift all in between."
            if none
            else f"**{count(len(selected), 'picture')}** picked."
        )
        st.markdown(said, width=190)
        if pressed("Remove", icon=":material/delete:", key="remove pictures", disabled=none):
            change(dataset, f"{count(len(selected), 'picture')} removed", lambda edit: edit.remove(selected))
        if others:
            target = st.selectbox(
                "Move to",
                list(others),
                format_func=lambda each: others.get(each, ""),
                key=f"target {dataset.id}",
                width=200,
            )
            if pressed("Move", icon=":material/drive_file_move:", key="move pictures", disabled=none):
                words = f"{count(len(selected), 'picture')} moved to {others[target]}"
                change(dataset, words, lambda edit: edit.move(selected, target))
        part = st.selectbox(
            "Use for", SPLITS, format_func=SPLIT_WORDS.__getitem__, key=f"part for {dataset.id}", width=140
        )
        if pressed("Use", key="use pictures", disabled=none):
            change(
                dataset,
                f"{count(len(selected), 'picture')} used for {SPLIT_WORDS[part]}",
                lambda edit: edit.into_split(selected, part),
            )


def _name_field(label: str, name: str, key: str) -> str:
    return st.text_input(label, name, max_chars=LONGEST_NAME, key=key, live=True, width=320)


def _draw_edit_class(dataset: OwnDataset, each: OwnClass) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _name_field("Name of this class", each.name, key=f"name of {dataset.id} {each.id} {each.name}")
        if pressed("Rename", key="rename class", disabled=name.strip() == each.name):
            change(dataset, f"{each.name} renamed to {name.strip()}", lambda edit: edit.rename_class(each.id, name))
        words = "Switch off" if each.enabled else "Switch on"
        if pressed(words, key="switch class", help="A class that is switched off takes no part in trainings."):
            change(dataset, f"{words}: {each.name}", lambda edit: edit.enable([each.id], not each.enabled))
        if pressed("Remove class", icon=":material/delete:", key="remove class"):
            change(dataset, f"Class {each.name} removed", lambda edit: edit.remove_classes([each.id]))


def _draw_more(dataset: OwnDataset, newest: int) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = _name_field("Name of the dataset", dataset.title, key=f"title of {dataset.id}")
        action(
            "Rename",
            lambda: dataset.set_about(title=checked_name(title, "A dataset")),
            key="rename dataset",
            disabled=title.strip() == dataset.title,
        )
    with st.container(horizontal=True):
        _draw_download(dataset)
        action("Delete the dataset", lambda: _delete(dataset), icon=":material/delete:", key="delete dataset")
    _draw_test_share(dataset)
    draw_writers(dataset)
    st.header("Versions")
    for version in dataset.versions()[:50]:
        if version.number == 0:
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{version.number}** {plain_markdown(version.words)}, {moment(version.time)}", width="stretch"
            )
            if version.number != newest and pressed("Back to this", key=f"back to {version.number}", type="tertiary"):
                change(dataset, f"Back to version {version.number}", methodcaller("back_to", version.number))


def _draw_test_share(dataset: OwnDataset) -> None:
    """A slider that shows how many of each class would be left, and a button that makes it so."""
    made = arrangement_of(dataset)
    tested = float((made.rows.declared == TEST).mean()) if len(made.images) else 0.0
    st.header("Test pictures")
    st.caption(
        f"Now {percent(tested)} of the pictures are kept for the test, which says at the end how good a network is."
    )
    shares = list(range(5, 55, 5))
    share = st.select_slider(
        "Share for the test",
        shares,
        20,
        format_func=lambda each: percent(each / 100, 0),
        key=f"test share of {dataset.id}",
    )
    change_to = hold_out(made, share / 100)
    shared = as_suggested(change_to.after)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Then a training has {in_a_line(shared)}; which is chosen anew, look-alikes together.", width="content"
        )
        draw_table(shared)
    if pressed(change_to.label, key="hold out for the test", icon=":material/content_cut:"):
        change(dataset, change_to.label, change_to.apply)


def _delete(dataset: OwnDataset) -> None:
    delete_dataset(dataset)
    st.session_state[DELETED] = dataset.id
    show(DATA)


def _draw_download(dataset: OwnDataset) -> None:
    size = dataset.file.stat().st_size
    if size > MOST_AT_ONCE:
        st.markdown(
            f"With {bytes_in_words(size)} it is too large for a download; write it on the computer that runs TrainDesk: "
            f"`python -m core images export {dataset.id} FILE.zip`"
        )
        return
    download(
        "Download as ZIP",
        lambda: as_zip(dataset).getvalue(),
        f"{dataset.id}.zip",
        "download dataset",
        help="A folder for each part and class. Brought in again it is the same dataset. Pictures are at most 512 pixels a side.",
    )
