"""Fences around what shows files that anyone may have written: whatever goes wrong within one costs its own place on the page. A
sentence stands there, and what can be done with the folder; the log has the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial, wraps
from logging import getLogger
from pathlib import Path
from typing import ParamSpec, cast

import streamlit as st

from core import errors
from core.image_sets.folders import delete_dataset
from core.image_sets.imports import Job
from core.image_sets.own_dataset import OwnDataset
from core.runs.store import Run
from core.runs.trash import delete_run
from pages.components.shell.links import page_link, run_page
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.rights import may_change, may_change_dataset, may_change_job
from pages.components.shell.widgets import action

ONE = "One of these runs"  # for `fenced`
P = ParamSpec("P")


@contextmanager
def fenced(thing: str, folder: Path | None = None, ways: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Whatever goes wrong in this block costs this block alone: a sentence stands in its place, then what `ways` draws.

    `thing` is what the block shows ("This run's folder"), and lies in `folder`. Around a fragment it does nothing when that is
    drawn again: there it stands inside.
    """
    try:
        with errors_shown():
            yield
    except errors.UNFORESEEN as error:
        getLogger(__name__).exception("%s cannot be shown", thing)
        show_error(damaged(thing, error, folder))
        ways()


def damaged(thing: str, error: Exception, folder: Path | None = None) -> str:
    """The sentence of a fence."""
    where = f" Its files are in {folder}." if folder else ""
    return f"{thing} is damaged, so this part of it cannot be shown ({type(error).__name__}).{where}"


def run_fence(run: Run, place: str, is_page: bool = False) -> AbstractContextManager[None]:
    """Around what shows a run; `place` says where on the page; the run's own page (`is_page`) needs no link to it."""

    def ways() -> None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"damaged {place} {run.id}"):
            if not is_page:
                page_link(run_page(run.id), label="Open", icon=":material/folder_open:")
            if may_change(run):
                _throw_away("Move it to the trash", partial(delete_run, run), f"{place} {run.id}")

    return fenced("This run's folder", run.folder, ways)


def with_run_fence(place: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Puts the fence around a function that draws a part of the run's own page, and takes the run first."""

    def around(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def drawn(*arguments: P.args, **named: P.kwargs) -> None:
            with run_fence(cast(Run, arguments[0]), place, is_page=True):
                draw(*arguments, **named)

        return drawn

    return around


def dataset_fence(dataset: OwnDataset) -> AbstractContextManager[None]:
    """Around what shows a dataset of own pictures."""

    def ways() -> None:
        if may_change_dataset(dataset):
            _throw_away("Move it to the trash", partial(delete_dataset, dataset), f"damaged {dataset.id}")

    return fenced("This dataset", dataset.folder, ways)


def import_fence(job: Job) -> AbstractContextManager[None]:
    """Around what shows an import."""

    def ways() -> None:
        if may_change_job(job):
            _throw_away("Throw away", job.remove, f"damaged {job.id}")

    return fenced("This import", job.folder, ways)


def _throw_away(label: str, work: Callable[[], object], key: str) -> None:
    action(label, work, icon=":material/delete:", key=f"throw away {key}")
