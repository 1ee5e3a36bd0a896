"""Trained networks for the classify page. The only place of the pages where torch is imported, and never to show a page."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.runs.store import Run

if TYPE_CHECKING:
    from core.inference.classifier import Classifier

PAGE_FIRST_SECONDS = 2  # the page that asks for it is drawn first: importing torch keeps the whole process busy


def load_classifier(run: Run) -> Classifier:
    """The run's network as its checkpoint stands now; kept until that changes. Raises TrainDeskError, one sentence."""
    path = run.checkpoint()
    return _load(str(run.folder), path.stat().st_mtime_ns if path else 0)


@st.cache_resource(max_entries=4, show_spinner="Loading the network ...")
def _load(folder: str, changed: int) -> Classifier:
    from core.inference.classifier import Classifier

    return Classifier.load(Run(Path(folder)))


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Imports torch in the background, once per server: it takes seconds, and the first drawing need not wait for it."""
    thread = threading.Thread(target=_import_torch, name="import torch", daemon=True)
    thread.start()
    return thread


def _import_torch() -> None:
    time.sleep(PAGE_FIRST_SECONDS)
    import core.inference.classifier  # noqa: F401
