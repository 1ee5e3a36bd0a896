"""The datasets of this computer, and the imports that wait for someone."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.own_data.folders import empty_trash, list_datasets, restore, trashed
from core.own_data.jobs import Job, list_jobs
from core.own_data.store import OwnDataError, OwnDataset
from core.paths import data_folder
from pages.components.links import set_parameters
from pages.components.messages import show_error
from pages.components.picked import thumbnails
from pages.components.pictures import gallery
from pages.components.rights import is_host, may_change_dataset, may_change_job
from pages.components.wording import count, megabytes, plain_markdown

COLUMNS = 3
SHOWN = 4  # pictures on a card
DELETED = "deleted dataset"


def go(**parameters: str) -> None:
    """Shows another part of this page; it has its own address."""
    set_parameters(parameters)


def draw_imports() -> None:
    """What is being brought in, or waits to be looked at."""
    for job in filter(may_change_job, list_jobs(data_folder())):
        progress = job.progress()
        if progress.state == "waiting" and not (job.folder / "request.json").exists():
            _draw_draft(job)
            continue
        title = job.request().title if (job.folder / "request.json").exists() else job.id
        words = {"ready": "is ready to be looked at", "failed": "could not be brought in"}.get(
            progress.state, "is being brought in"
        )
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain_markdown(title)}** {words}.")
            st.button("Look", key=f"look {job.id}", on_click=go, kwargs={"import": job.id}, type="primary")


def draft_key(kind: str, into: str) -> str:
    """Where this visitor's unfinished drawings or photos are noted."""
    return f"draft of {kind} {into}"


def _draw_draft(job: Job) -> None:
    """Drawings or photos that nobody has made a dataset of yet: after a reload one may go on with them."""
    files = [file for file in job.brought.glob("*/*") if file.is_file()]
    kind = "drawings" if any(file.suffix == ".png" for file in files) else "photos"
    if not files or st.session_state.get(draft_key(kind, "")) == job.id:
        return
    names = ", ".join(sorted({file.parent.name for file in files}))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(files), kind[:-1])}** of {plain_markdown(names)}: not a dataset yet.")
        if st.button("Go on", key=f"go on {job.id}"):
            st.session_state[draft_key(kind, "")] = job.id
            st.rerun()
        if st.button("Throw away", key=f"throw away {job.id}", type="tertiary", icon=":material/delete:"):
            job.remove()
            st.rerun()


def draw_datasets() -> None:
    """One card each."""
    _draw_undo()
    datasets = list_datasets(data_folder())
    if not datasets:
        return
    st.subheader("Datasets")
    for start in range(0, len(datasets), COLUMNS):
        for column, dataset in zip(st.columns(COLUMNS), datasets[start : start + COLUMNS], strict=False):
            with column, st.container(border=True, height="stretch", vertical_alignment="distribute"):
                _card(dataset)


def draw_deleted() -> None:
    """What lies in the trash."""
    deleted = [dataset for dataset in trashed(data_folder()) if may_change_dataset(dataset)]
    if not deleted:
        return
    size = sum(dataset.file.stat().st_size for dataset in deleted)
    with st.expander(f"Deleted datasets ({len(deleted)}, {megabytes(size)})", icon=":material/delete:"):
        for dataset in deleted:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(plain_markdown(dataset.title), width="stretch")
                if st.button("Bring back", key=f"bring back {dataset.id}"):
                    try:
                        restore(dataset.id, data_folder())
                    except OwnDataError as error:
                        show_error(str(error))
                        return
                    st.session_state.pop(DELETED, None)
                    st.rerun()
        if is_host() and st.button(
            "Remove all for good", icon=":material/delete_forever:", key="empty the trash of datasets"
        ):
            empty_trash(data_folder())
            st.session_state.pop(DELETED, None)
            st.rerun()


def _card(dataset: OwnDataset) -> None:
    try:
        classes = dataset.classes()
        title = dataset.title
    except OwnDataError as error:
        show_error(str(error))
        return
    with st.container(gap="xxsmall"):
        st.markdown(f"**{plain_markdown(title)}**")
        names = ", ".join(each.name for each in classes[:6]) + (" ..." if len(classes) > 6 else "")
        st.caption(
            f"{count(sum(each.images for each in classes), 'picture')}, "
            f"{len(classes)} {'class' if len(classes) == 1 else 'classes'}: {plain_markdown(names)}"
        )
        first = [number for each in classes[:SHOWN] for number in dataset.page(each.id, 0, 1)]
        st.html(
            gallery([f"<figure>{image}</figure>" for image in thumbnails(dataset, first)], escape(title), small=True)
        )
    st.button("Open", key=f"open {dataset.id}", on_click=go, kwargs={"set": dataset.id}, width="stretch")


def _draw_undo() -> None:
    deleted = st.session_state.get(DELETED)
    if not deleted:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("The dataset is deleted.")
        if st.button("Undo", icon=":material/undo:", key="undo deleting"):
            try:
                restore(deleted, data_folder())
            except OwnDataError as error:
                show_error(str(error))
            st.session_state.pop(DELETED)
            st.rerun()
