"""Which networks answer on the classify page: one run, and others beside it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from core.errors import NothingDrawn, TrainDeskError
from core.images.plain import prepare_plainly
from core.paths import data_folder
from core.runs.store import Run
from pages.components.classifiers import load_classifier
from pages.components.messages import show_error
from pages.components.run_choice import label_of
from pages.components.summaries import summary
from pages.components.wording import plain_markdown

if TYPE_CHECKING:
    from core.inference.classifier import Classifier
    from core.inference.neighbours import Neighbours

MOST_BESIDE = 3
REFRESH_SECONDS = 2.0
PLAINLY = "as it is"  # key of the switch


@dataclass(frozen=True)
class Network:
    """A run's network, ready to answer."""

    run: Run
    title: str
    classifier: Classifier

    def prepare(self, image: Image.Image) -> np.ndarray:
        """uint8 (C, H, W) of any picture: centred and scaled, or as it is if the visitor wants to see what happens then.

        Raises ImageError, NothingDrawn for an empty picture.
        """
        dataset = self.classifier.config.dataset
        if not st.session_state.get(PLAINLY) or not dataset.drawable:
            return dataset.prepare(image)
        dataset.prepare(image)  # raises for a picture in which there is nothing
        channels, height, width = dataset.info().shape
        return prepare_plainly(image, channels, (height, width))


def choose_beside(run: Run, runs: Sequence[Run]) -> list[Run]:
    """Other runs whose networks answer the same picture."""
    others = {other.id: other for other in runs if other.id != run.id}
    if not others:
        return []
    kept = [run_id for run_id in st.session_state.get("beside", []) if run_id in others]
    st.session_state["beside"] = kept
    chosen = st.multiselect(
        "Ask others too",
        list(others),
        key="beside",
        format_func=lambda run_id: label_of(others[run_id]) if run_id in others else run_id,
        max_selections=MOST_BESIDE,
        placeholder="networks that answer the same picture",
        persist_state="session",
    )
    return [others[run_id] for run_id in chosen]


def refreshed(networks: Sequence[Network]) -> list[Network]:
    """The same networks, as they are now: those of runs that train get better meanwhile."""
    return [
        Network(network.run, network.title, load_classifier(network.run)) if network.run.status().is_active else network
        for network in networks
    ]


def pace(networks: Sequence[Network]) -> float | None:
    """Seconds between two looks at networks of which one still learns; None when all have learned."""
    return REFRESH_SECONDS if any(network.run.status().is_active for network in networks) else None


def loaded(runs: Sequence[Run]) -> list[Network]:
    """Their networks as the checkpoints stand now; what cannot be loaded is said."""
    found = []
    for run in runs:
        try:
            found.append(Network(run, summary(run).title, load_classifier(run)))
        except TrainDeskError as error:
            show_error(error)
    return found


def say_different(networks: Sequence[Network]) -> None:
    """Explains networks that do not know the same classes: their answers cannot be held against each other."""
    known = {network.classifier.class_names for network in networks}
    if len(known) > 1:
        said = "; ".join(
            f"**{plain_markdown(network.title)}** knows {plain_markdown(_some(network.classifier.class_names))}"
            for network in networks
        )
        st.markdown(f"These networks learned different things, and each can only answer with what it knows: {said}.")


def _some(names: Sequence[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def neighbours_of(network: Network) -> Neighbours | None:
    """What is known of the pictures the network learned from. The first time None: it is found out in the background."""
    path = network.run.checkpoint()
    future = _neighbours(str(network.run.folder), path.stat().st_mtime_ns if path else 0)
    if not future.done() or future.exception() is not None:
        return None
    return future.result()


@st.cache_resource(max_entries=4, show_spinner=False)
def _neighbours(folder: str, changed: int) -> Future:
    future: Future = Future()

    def find() -> None:
        from core.inference.classifier import Classifier
        from core.inference.neighbours import Neighbours

        try:
            future.set_result(Neighbours.of(Classifier.load(Run(Path(folder))), data_folder()))
        except Exception as error:  # without the pictures it answers as before
            future.set_exception(error)

    threading.Thread(target=find, name="neighbours", daemon=True).start()
    return future


def prepared_by(networks: Sequence[Network], image: Image.Image) -> list[np.ndarray | None]:
    """The picture in each network's own form; None where it is empty. Raises ImageError."""
    found: list[np.ndarray | None] = []
    for network in networks:
        try:
            found.append(network.prepare(image))
        except NothingDrawn:
            found.append(None)
    return found
