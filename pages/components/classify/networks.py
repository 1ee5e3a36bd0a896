"""Which networks answer on the classify page (one run, and others beside it), what they say of pictures: one computation, whoever
asks, and how soon they say that they do not know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from core.errors import NothingDrawn
from core.images.photo import prepare_plainly
from core.inference import USUALLY_ANSWERED
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.store import Run
from core.text.lists import some
from pages.components.classify.run_choice import label_of
from pages.components.shell.classifiers import Loading, load_classifier, loading
from pages.components.shell.fences import run_fence
from pages.components.shell.histories import name_of, networks_in_words, summary
from pages.components.shell.messages import errors_shown
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.widgets import redrawn_until, steady, told_apart

if TYPE_CHECKING:
    from core.inference.classifier import Classifier
    from core.inference.neighbours import Neighbours
from core.text.numbers import percent
from pages.components.classify.prediction_view import Said

MOST_BESIDE = 3
NETWORK = "network"  # in the address: which of a run's checkpoints answers
REFRESH_SECONDS = 2.0
SOON_SECONDS = 0.7
NAMED = 10  # classes
PLAINLY = "as it is"  # key of the switch
ANSWERED = "answered"  # key of the slider
SHARES = (0.9, 0.95, 0.98, 0.99, 0.995, 1.0)
BATCH = 250  # pictures that are held against all that it learned from at a time
BATCH_PIXELS = 1_500_000  # fewer of large ones: the layers of 250 photos of 224 x 224 would take two gigabytes


@dataclass(frozen=True)
class Network:
    """A run's network. What it is asked about is loaded then and stays the same for this object: one answer, one network."""

    run: Run
    title: str
    which: str = ""  # of its checkpoints, by name; "": the best

    @cached_property
    def config(self) -> RunConfig:
        """Known at once, without torch. Raises TrainDeskError."""
        return self.run.config()

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of its answers."""
        return tuple(self.config.dataset.info().class_names)

    @cached_property
    def classifier(self) -> Classifier:
        """Waits until it is loaded. Raises TrainDeskError."""
        return load_classifier(self.run, self.which)

    @cached_property
    def known(self) -> Neighbours | None:
        """What is known of the pictures it learned from; None as long as that is being found out, or if they are not here."""
        found = self.loading().known
        return found.result() if found.done() and found.exception() is None else None

    def begin(self) -> bool:
        """Begins to load it; True when all that an answer needs is there, or cannot be had."""
        return self.loading().known.done()

    def loading(self) -> Loading:
        """How far its loading is, begun with this if need be."""
        return loading(self.run, self.which)

    def prepare(self, image: Image.Image) -> np.ndarray:
        """uint8 (C, H, W) of any picture: centred and scaled, or as it is if the visitor wants to see what happens then.

        Raises ImageError, NothingDrawn for an empty picture.
        """
        dataset = self.config.dataset
        if not st.session_state.get(PLAINLY) or not dataset.drawable:
            return dataset.prepare(image)
        dataset.prepare(image)  # raises for a picture in which there is nothing
        channels, height, width = dataset.info().shape
        return prepare_plainly(image, channels, (height, width))


def choose_networks(run: Run, runs: Sequence[Run]) -> list[Network]:
    """Which of the run's networks answers, and others of `runs` whose networks answer the same picture, all not loaded yet; a run
    whose settings cannot be read is said and left out."""
    others = {other.id: other for other in runs if other.id != run.id}
    own = networks_in_words(run)
    key = f"network of {run.id}"
    asked = st.query_params.get(NETWORK, "") if st.query_params.get("run") == run.id else ""
    steady(key, own, lambda: asked if asked in own else next(iter(own), ""))
    kept = [run_id for run_id in st.session_state.get("beside", []) if run_id in others]
    st.session_state["beside"] = kept
    which, chosen = "", []
    if others or len(own) > 1:
        said = [*([name_of(st.session_state[key])] if st.session_state[key] not in ("", next(iter(own))) else [])]
        said += [f"{len(kept)} more"] if kept else []
        with st.popover(", ".join(said).capitalize() or "Ask another", icon=":material/group_add:", key="ask others"):
            if len(own) > 1:
                which = st.selectbox(
                    "Network that answers", list(own), key=key, format_func=own.__getitem__, persist_state="session"
                )
            if others:
                words = told_apart({other.id: label_of(other) for other in others.values()})
                chosen = st.multiselect(
                    "Ask others too",
                    list(others),
                    key="beside",
                    format_func=lambda run_id: words.get(run_id, run_id),
                    max_selections=MOST_BESIDE,
                    placeholder="networks that answer the same picture",
                    persist_state="session",
                )
    first = Network(run, summary(run).title, which if which != next(iter(own), "") else "")
    return _able([first, *networks_of([others[run_id] for run_id in chosen])], lambda network: network.config)


def refreshed(networks: Sequence[Network]) -> list[Network]:
    """The same networks, as they are now: those of runs that train get better meanwhile."""
    return [replace(network) for network in networks]


def refresh_seconds(networks: Sequence[Network]) -> float | None:
    """Seconds until networks are asked for anew of which one still learns; None when all have learned."""
    return REFRESH_SECONDS if any(network.run.status().is_active for network in networks) else None


def following(draw: Callable[[Sequence[Network]], None]) -> Callable[[Sequence[Network]], None]:
    """Makes a part of the page that is drawn again when all that answers need has been loaded, and while a network learns."""

    @wraps(draw)
    def followed(networks: Sequence[Network]) -> None:
        waits = not all([network.begin() for network in networks])

        def fenced() -> None:
            with run_fence(networks[0].run, "answers"):
                draw(networks)

        redrawn_until(
            lambda: waits and all([network.begin() for network in networks]),
            fenced,
            SOON_SECONDS if waits else refresh_seconds(networks),
        )

    return followed


def networks_of(runs: Sequence[Run]) -> list[Network]:
    """Their networks, not loaded yet; a run whose settings cannot be read is said and left out."""
    return _able([Network(run, summary(run).title) for run in runs], lambda network: network.config)


def loaded(networks: Sequence[Network]) -> list[Network]:
    """Those that can answer; waits for them. What cannot be loaded is said."""
    return _able(networks, lambda network: network.classifier)


def _able(networks: Sequence[Network], to_do: Callable[[Network], object]) -> list[Network]:
    """Those that are able to do it; why others are not is said."""
    found = []
    for network in networks:
        with errors_shown():
            to_do(network)
            found.append(network)
    return found


def say_different(networks: Sequence[Network]) -> None:
    """Explains networks that do not know the same classes: their answers cannot be held against each other."""
    if len({network.class_names for network in networks}) > 1:
        said = "; ".join(
            f"**{plain_markdown(network.title)}** knows {plain_markdown(some(network.class_names, NAMED))}"
            for network in networks
        )
        st.markdown(f"These networks learned different things, and each can only answer with what it knows: {said}.")


def without_test_pictures(network: Network) -> str:
    """Why none of its test pictures can be shown now, in one sentence."""
    if network.config.dataset.is_present(data_folder()) and not network.begin():  # this reads and keeps them
        return "Its test pictures are being read, this once; a few seconds."
    return "Its test pictures are not on this computer; they come with the first training on its dataset."


def prepared_by(networks: Sequence[Network], image: Image.Image) -> list[np.ndarray | None]:
    """The picture in each network's own form, uint8 (C, H, W); None where it is empty. Raises ImageError."""
    found: list[np.ndarray | None] = []
    for network in networks:
        try:
            found.append(network.prepare(image))
        except NothingDrawn:
            found.append(None)
    return found


def said_of(network: Network, pixels: np.ndarray) -> Said:
    """The answer to one picture, uint8 (C, H, W). Raises TrainDeskError."""
    return said_of_many(network, [pixels])[0]


def said_of_many(network: Network, prepared: Sequence[np.ndarray]) -> list[Said]:
    """The answers to pictures uint8 (C, H, W): with the temperature that makes confidence honest, and refused where a picture is
    unlike all that the network learned from, as soon as that is known. Raises TrainDeskError."""
    answers: list[Said] = []
    step = max(1, min(BATCH, BATCH_PIXELS // max(1, prepared[0][0].size))) if prepared else BATCH
    for start in range(0, len(prepared), step):
        pixels = np.stack(list(prepared[start : start + step]))
        features, probabilities = network.classifier.embed(pixels)
        strange = np.zeros(len(pixels), bool)
        if known := network.known:
            from core.inference.neighbours import tempered

            probabilities = tempered(probabilities, known.temperature)
            strange = known.ood_score(features, pixels) > known.limit(st.session_state.get(ANSWERED, USUALLY_ANSWERED))
        answers += [Said(*each) for each in zip(probabilities, strange.tolist(), strict=True)]
    return answers


def draw_caution(network: Network) -> None:
    """How soon the network says that it does not know, and what that costs."""
    place = st.popover(
        "When does it say “I don’t know”?", icon=":material/help_center:", key="caution", on_change="rerun"
    )
    if not place.open:  # what it needs is loaded when it is asked for
        return
    with place:
        share = st.select_slider(
            "Validation pictures that it still answers",
            SHARES,
            USUALLY_ANSWERED,
            key=ANSWERED,
            format_func=percent,
            persist_state="session",
        )
        known = network.known
        if known is None:
            st.caption("What it learned from is being looked at; a few seconds.")
            return
        answered = known.val_ood_scores <= known.limit(share)
        right = known.val_right[answered].mean() if answered.any() else 0.0
        st.markdown(
            f"It answers {percent(answered.mean())} of the validation pictures and is right in {percent(right)} of those; of the "
            f"others it says that they are unlike anything it learned from. The further left, the more careful."
        )
        warmth = "less sure of itself than it was" if known.temperature > 1 else "surer of itself than it was"
        st.caption(
            "It compares a picture with those it learned from, in its own features and in pixels. When it is measured on the "
            f"validation pictures, it has to be {warmth} to be right as often as it says: temperature {known.temperature:.2f}."
        )
