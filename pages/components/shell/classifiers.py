"""Trained networks for the classify page. The only place of the pages where torch is imported, and never to show a page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.paths import data_folder
from core.runs.store import Run
from pages.components.shell.histories import changed_at

if TYPE_CHECKING:
    from core.inference.classifier import Classifier
    from core.inference.neighbours import Neighbours

PAGE_FIRST_SECONDS = 2  # the page that asks for it is drawn first: importing torch keeps the whole process busy


@dataclass
class Loading:
    """A checkpoint's network, and then what is known of the pictures that it learned from."""

    classifier: Future[Classifier] = field(default_factory=Future)
    known: Future[Neighbours] = field(default_factory=Future)


def loading(run: Run, which: str = "") -> Loading:
    """The run's network as its checkpoint of that name stands now, by default the best; begins to load in the background, and is
    kept until that changes."""
    key = str(run.folder), which, checkpoint_changed(run, which)
    found = _loading(*key)
    if found.classifier.done() and found.classifier.exception():
        _loading.clear(*key)  # the next one tries again
    return found


def checkpoint_changed(run: Run, which: str = "") -> tuple[int, int]:
    """`changed_at` of that checkpoint; zeros where there is none."""
    path = run.checkpoint(which)
    return changed_at(path) if path else (0, 0)


def load_classifier(run: Run, which: str = "") -> Classifier:
    """The run's network as its checkpoint stands now; waits for it. Raises TrainDeskError, one sentence."""
    return loading(run, which).classifier.result()


@st.cache_resource(max_entries=8, show_spinner=False)
def _loading(folder: str, which: str, changed: tuple[int, int]) -> Loading:
    found = Loading()
    threading.Thread(target=_load, args=(Run(Path(folder)), which, found), name="load a network", daemon=True).start()
    return found


def _load(run: Run, which: str, found: Loading) -> None:
    def classifier() -> Classifier:
        from core.inference.classifier import Classifier

        return Classifier.load(run, which)

    def known() -> Neighbours:
        from core.inference.neighbours import Neighbours

        return Neighbours.of(found.classifier.result(), data_folder())

    _into(found.classifier, classifier)
    _into(found.known, known)  # without the pictures it answers all the same


def _into(future: Future, make: Callable[[], object]) -> None:
    try:
        future.set_result(make())
    except Exception as error:
        future.set_exception(error)


def warm_up() -> threading.Thread:
    """Imports torch in the background: it takes seconds, and the first drawing need not wait for it."""
    return soon("core.inference.classifier")


@st.cache_resource(show_spinner=False)
def soon(module: str) -> threading.Thread:
    """Imports what takes its time in the background, once per server, when the page that asks for it is drawn."""
    thread = threading.Thread(target=_import_later, args=(module,), name=f"import {module}", daemon=True)
    thread.start()
    return thread


def _import_later(module: str) -> None:
    time.sleep(PAGE_FIRST_SECONDS)
    import_module(module)
