"""The datasets of this computer, and the imports that wait for someone."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from core.datasets import DatasetSettings
from core.datasets.thumbnails import SHOWN, first_pictures, published
from core.image_sets.folders import deleted_datasets, empty_trash, list_datasets, restore_dataset
from core.image_sets.imports import Job, list_jobs
from core.image_sets.kept_names import KeptNames
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.paths import data_folder
from core.text.numbers import bytes_in_words
from pages.components.data.browser import thumbnails
from pages.components.data.builtin import what_it_takes
from pages.components.shell.fences import dataset_fence, import_fence
from pages.components.shell.html_parts import picture
from pages.components.shell.links import bring_page, dataset_page, import_page, show
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import count, plain_markdown, rows_of
from pages.components.shell.rights import is_host, may_change_dataset, may_change_job
from pages.components.shell.widgets import action, pressed

COLUMNS = 4
NAMED = 12  # classes on a card
DELETED = "deleted dataset"
SPLIT_WORDS = {"train": "training", "val": "validation", "test": "test"}  # as people read them


def draw_imports() -> None:
    """What is being brought in, or waits to be looked at."""
    for job in filter(may_change_job, list_jobs(data_folder())):
        with import_fence(job):
            _draw_job(job)


def _draw_job(job: Job) -> None:
    progress = job.progress()
    if progress.state == "waiting" and not (job.folder / "request.json").exists():
        _draw_draft(job)
        return
    words = {
        "ready": "is ready to be looked at",
        "failed": "could not be brought in",
        "asking": "needs an answer",
    }.get(progress.state, "is being brought in")
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain_markdown(job.title)}** {words}.")
        st.button("Look", key=f"look {job.id}", on_click=show, args=(import_page(job.id),), type="primary")


def draft_key(kind: str, into: str) -> str:
    """Where this visitor's unfinished drawings or photos are noted."""
    return f"draft of {kind} {into}"


def _draw_draft(job: Job) -> None:
    """Drawings or photos that nobody has made a dataset of yet: after a reload one may go on with them."""
    files = [file for file in job.uploads.glob("*/*") if file.is_file()]
    kind = "drawings" if any(file.suffix == ".png" for file in files) else "photos"
    if not files or st.session_state.get(draft_key(kind, "")) == job.id:
        return
    kept = KeptNames(job.uploads)
    names = ", ".join(sorted({kept.called(file.parent) for file in files}))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(files), kind[:-1])}** of {plain_markdown(names)}: not a dataset yet.")
        if pressed("Go on", key=f"go on {job.id}"):
            st.session_state[draft_key(kind, "")] = job.id
            show(bring_page("draw" if kind == "drawings" else "camera"))
            st.rerun()
        action("Throw away", job.remove, key=f"throw away {job.id}", type="tertiary", icon=":material/delete:")


def draw_datasets() -> None:
    """One card each: those that people made here, then those that others have published."""
    _draw_undo()
    cards = [partial(_draw_fenced, dataset) for dataset in list_datasets(data_folder())]
    others = sorted(
        published().items(), key=lambda entry: (not entry[1].is_present(data_folder()), -entry[1].info().train_images)
    )
    cards += [partial(_draw_published, name, dataset) for name, dataset in others]
    st.header("Datasets")
    for row in rows_of(cards, COLUMNS):
        for column, draw in zip(st.columns(COLUMNS), row, strict=False):
            with column, st.container(border=True, height="stretch", vertical_alignment="distribute"):
                draw()


def draw_deleted() -> None:
    """What lies in the trash."""
    deleted = [dataset for dataset in deleted_datasets(data_folder()) if may_change_dataset(dataset)]
    if not deleted:
        return
    size = sum(dataset.file.stat().st_size for dataset in deleted)
    with st.expander(f"Deleted datasets ({len(deleted)}, {bytes_in_words(size)})", icon=":material/delete:"):
        for dataset in deleted:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(plain_markdown(dataset.title), width="stretch")
                back = partial(restore_dataset, dataset.id, data_folder())
                action("Bring back", back, key=f"bring back {dataset.id}")
        if is_host():
            empty, icon = partial(empty_trash, data_folder()), ":material/delete_forever:"
            action("Remove all for good", empty, icon=icon, key="empty the trash of datasets")


def _draw_fenced(dataset: OwnDataset) -> None:
    with dataset_fence(dataset):
        _draw_own(dataset)


def _draw_own(dataset: OwnDataset) -> None:
    try:
        classes = dataset.classes()
        title = dataset.title
    except OwnDataError as error:
        show_error(str(error))
        return
    each_shows = -(-SHOWN // max(1, len(classes)))
    first = [number for each in classes[:SHOWN] for number in dataset.page(each.id, 0, each_shows)][:SHOWN]
    pictures = sum(each.images for each in classes)
    said = f"{count(pictures, 'picture')}, {count(len(classes), 'class', 'classes')}"
    _card(title, said, [each.name for each in classes], thumbnails(dataset, first))
    st.button("Open", key=f"open {dataset.id}", on_click=show, args=(dataset_page(dataset.id),), width="stretch")


def _draw_published(name: str, dataset: DatasetSettings) -> None:
    info = dataset.info()
    said = f"{count(info.train_images + info.test_images, 'picture')}, {len(info.class_names)} classes"
    is_here = dataset.is_present(data_folder())
    pictures = [picture(pixels, "") for pixels in (first_pictures(dataset, data_folder()) if is_here else [])]
    _card(dataset.title(), said, list(info.class_names), pictures, "" if is_here else what_it_takes(dataset))
    st.button("Open", key=f"open {name}", on_click=show, args=(dataset_page(name),), width="stretch")


def _card(title: str, said: str, classes: list[str], pictures: list[str], takes: str = "") -> None:
    """Ten pictures, or where there are none the names of the classes in their place, and what they are."""
    more = [f"and {len(classes) - NAMED:,} more"] if len(classes) > NAMED else []
    names = [*classes[:NAMED], *more]
    if pictures:
        tiles = f'<div class="ten" role="img" aria-label="Pictures of {escape(title)}">{"".join(pictures)}</div>'
    else:
        chips = "".join(f'<li title="{escape(name)}">{escape(name)}</li>' for name in names)
        tiles = f'<ul class="chips" aria-label="Classes of {escape(title)}">{chips}</ul>'
    about = "" if takes and not pictures else ", ".join(names)
    lines = "".join(
        f'<p class="{kind}small">{escape(line)}</p>'
        for kind, line in (("", said), ("quiet ", takes), ("quiet ", about))
        if line
    )
    st.html(f'<div class="datacard">{tiles}<div><b>{escape(title)}</b>{lines}</div></div>')


def _draw_undo() -> None:
    deleted = st.session_state.get(DELETED)
    if deleted not in {dataset.id for dataset in deleted_datasets(data_folder())}:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("The dataset is deleted.")
        back = partial(restore_dataset, deleted, data_folder())
        action("Undo", back, icon=":material/undo:", key="undo deleting")
