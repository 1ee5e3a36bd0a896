"""One import: how far it is, what the checks say, and the click that makes it a dataset."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape

import streamlit as st

from core.image_sets.edit import LONGEST_NAME
from core.image_sets.finding import passed_over
from core.image_sets.folders import accept, find_dataset
from core.image_sets.imports import Job, Progress
from core.image_sets.merge import already_in, arrangement_after, merge
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.image_sets.shares import arrangement_of, as_suggested
from core.paths import data_folder
from core.text.numbers import fitting
from pages.components.data.browser import thumbnails
from pages.components.data.dataset_list import SPLIT_WORDS
from pages.components.data.findings import change, draw_findings
from pages.components.data.keep_network import is_kept, keep_network
from pages.components.data.reading import draw_cancel, draw_question, draw_reading
from pages.components.shell.html_parts import gallery
from pages.components.shell.links import DATA, dataset_page, show
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.number_words import about, count, plain_markdown
from pages.components.shell.widgets import pressed
from pages.components.train.notices import draw_table, in_a_line

REFRESH_SECONDS = 0.5
EXAMPLES = 6  # pictures shown of a class
MOST_CLASSES = 30  # that are shown with examples
NAMED = 20  # files that could not be read


def draw_import(job: Job) -> None:
    """The state of the import decides what is to be seen."""
    progress = job.progress()
    if progress.state in ("waiting", "working"):
        st.title("Bringing pictures in")
        st.fragment(_draw_progress, run_every=REFRESH_SECONDS)(job)
    elif progress.state == "asking" and job.reading().trees:
        draw_question(job)
    elif progress.state in ("failed", "asking"):
        st.title("The pictures could not be brought in")
        show_error(progress.message or "What it found is damaged; bring the pictures again.")
        st.button("Back", on_click=_forget, args=(job,), type="primary", icon=":material/arrow_back:")
    else:
        _draw_ready(job)


def _draw_progress(job: Job) -> None:
    progress = job.progress() if job.folder.exists() else Progress("failed", message="")
    if progress.state not in ("waiting", "working"):
        if not job.folder.exists():
            show(DATA)
        st.rerun()
    share = progress.done / progress.total if progress.total else 0.0
    left = progress.seconds_left(time.time())
    text = progress.phase or "Starting"
    if progress.total:
        text += f": {progress.done:,} of {progress.total:,}"
    if left is not None and left >= 1:
        text += f", {about(left)} left"
    st.progress(min(1.0, share), text=text + " ...")
    draw_cancel(job)
    st.caption("It goes on when you leave this page.")
    draw_reading(job)


def _forget(job: Job) -> None:
    job.remove()
    show(DATA)


def _draw_ready(job: Job) -> None:
    try:
        request, report, dataset = job.request(), job.report(), job.dataset
        target = find_dataset(request.into, data_folder()) if request.into else None
        st.title(f"Look at your {count(sum(each.images for each in dataset.classes()), 'picture')}")
        st.markdown(f"{plain_markdown(report.layout)} {plain_markdown(' '.join(report.notes))}")
        _draw_decision(job, dataset, target, request.title)
        known = already_in(dataset, target) if target else []
        if target and known:
            _draw_known(dataset, target, known)
        _draw_plan(dataset, target)
        draw_reading(job)
        draw_findings(dataset, "import", choices=target is None, praise=not known)
        _draw_left_out(report)
        draw_classes(dataset, splits=target is None)
    except OwnDataError as error:
        show_error(str(error))
        st.button("Back", on_click=_forget, args=(job,))


def _draw_known(dataset: OwnDataset, target: OwnDataset, known: Sequence[int]) -> None:
    """That pictures would be there twice, and the button that leaves them out while any others remain."""
    total = sum(each.images for each in dataset.classes())
    if len(known) == total:
        these = "This picture is" if total == 1 else f"All {total:,} pictures are"
    else:
        these = f"{len(known):,} of these {total:,} pictures {fitting(len(known), 'are')}"
    with st.container(horizontal=True, vertical_alignment="center", key="known pictures"):
        st.markdown(f":orange[:material/warning:] {these} already in {plain_markdown(target.title)}.", width="content")
        if len(known) < total and pressed("Leave those out", key="leave out known"):
            change(dataset, "Only new pictures", lambda edit: edit.remove(known))


def _draw_plan(dataset: OwnDataset, target: OwnDataset | None) -> None:
    """Of an import that is added the plan of the whole dataset, as adding will make it; of very many only how many come."""
    made = arrangement_after(dataset, target) if target else arrangement_of(dataset)
    if made is None:
        coming = ", ".join(f"{each.images:,} of {each.name}" for each in dataset.classes()[:MOST_CLASSES])
        st.caption(plain_markdown(f"In addition come {coming}."))
        return
    shared = as_suggested(made)
    if len(shared.names) > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            after = f"After adding, a training of {plain_markdown(target.title)}" if target else "A training"
            st.caption(f"{after} will have {in_a_line(shared)}.", width="content")
            draw_table(shared)


def _draw_decision(job: Job, dataset: OwnDataset, target: OwnDataset | None, title: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if target is None:
            title = st.text_input("Name", title, max_chars=LONGEST_NAME, key=f"name {job.id}", width=360)
        words = f"Add to {plain_markdown(target.title)}" if target else "Keep as a dataset"
        keep = pressed(words, type="primary", icon=":material/check:", key="keep the import")
        st.button("Throw away", icon=":material/delete:", on_click=_forget, args=(job,), key="throw away the import")
    keep_it = is_kept(job)
    if not keep and not keep_it:
        return
    with errors_shown():
        if target is None:
            kept = accept(dataset, title, data_folder())
        else:
            merge(dataset, target)
            kept = target
        job.remove()
        show(dataset_page(kept.id))
        if keep_it:
            keep_network(kept)
        st.rerun()


def _draw_left_out(report) -> None:
    if report.skipped:
        said = ", ".join(passed_over(number, why) for why, number in report.skipped.items())
        st.caption(f"Passed over: {said}.")
    if report.unreadable_count:
        with st.expander(f"{count(report.unreadable_count, 'file')} could not be read", icon=":material/broken_image:"):
            for name, why in report.unreadable[:NAMED]:
                st.markdown(f"`{name.replace('`', '')}` {plain_markdown(why)}.")
            if report.unreadable_count > NAMED:
                st.caption(f"and {report.unreadable_count - NAMED:,} more")
    if report.reduced:
        st.caption(f"{count(report.reduced, 'picture')} had more than 512 pixels a side and are kept smaller.")


def draw_classes(dataset: OwnDataset, splits: bool = True) -> None:
    """Every class with its numbers, with `splits` also of each part, and some of its pictures."""
    classes = dataset.classes()
    st.header(count(len(classes), "class", "classes"))
    for each in classes[:MOST_CLASSES]:
        parts = ", ".join(
            f"{each.counts[split]:,} {words}" for split, words in SPLIT_WORDS.items() if each.counts.get(split)
        )
        said = count(each.images, "picture") + (f": {parts}" if splits and parts else "")
        off = "" if each.enabled else " (switched off)"
        examples = thumbnails(dataset, dataset.page(each.id, 0, EXAMPLES))
        st.html(
            f'<p class="classline"><b>{escape(each.name)}</b>{off} '
            f'<span class="quiet">{said}</span></p>'
            + gallery([f"<figure>{image}</figure>" for image in examples], escape(each.name), small=True)
        )
    if len(classes) > MOST_CLASSES:
        st.caption("and " + plain_markdown(", ".join(each.name for each in classes[MOST_CLASSES : MOST_CLASSES + 100])))
