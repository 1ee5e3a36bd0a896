"""A picture and what networks say of it, side by side: nothing moves while the picture and the answer change. What the picture
really was can be kept, and added to the next training.

On a phone the answer is one line above the picture. The look is in desk.css."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from core.datasets.corrections import forget, how_many, keep
from core.errors import ImageError
from core.images.one_figure import is_crowded
from core.paths import data_folder
from core.text.titles import whole
from pages.components.classify.insight import draw_insight
from pages.components.classify.networks import Network, draw_caution, loaded, prepared_by, refreshed, said_of
from pages.components.classify.prediction_view import Said, bars, pixels_figure, words, words_in_a_line
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.number_words import count
from pages.components.shell.widgets import pressed
from pages.components.train.filled_form import open_with_changes

STYLE = Path(__file__).parent / "desk.css"
LEFT_OUT = "I read only the largest; draw one at a time."
JOINED = "That looks like two figures, and I read them as one; draw one at a time."
TIMES = 20  # that each of them is shown in an epoch
KEPT = "kept correction"


@dataclass(frozen=True)
class Asked:
    """A picture, in each network's own form, None where there is nothing to be seen in it."""

    prepared: list[np.ndarray | None] = field(default_factory=list)
    image: Image.Image | None = None
    truth: str = ""  # the true class, if it is known
    note: str = ""
    instead: str = ""  # HTML for the place of the answer, where there is none to such a picture

    @classmethod
    def about(cls, networks: Sequence[Network], image: Image.Image | None) -> Asked:
        """Of any picture. Raises ImageError."""
        if image is None:
            return cls()
        return cls(prepared_by(networks, image), image, note=crowd_note(networks[0], image))

    @property
    def is_something(self) -> bool:
        """Whether any network has something to look at."""
        return any(pixels is not None for pixels in self.prepared)


Source = Callable[[list[Network]], Asked]


def draw_desk(networks: Sequence[Network], source: Source, key: str, invitation: str, is_short: bool = False) -> None:
    """`source` draws where the picture comes from and returns it; it may raise ImageError. `invitation` stands in the place of
    the answer until there is one. A short one leaves out what helps to understand the answer."""
    networks = refreshed(networks)
    st.html(STYLE)
    with st.container(key=f"desk-{key}"):
        head, left, below, foot = (st.container(key=f"{part}-{key}") for part in ("said", "source", "bars", "foot"))
    asked, trouble = Asked(), ""
    with left:
        try:
            asked = source(networks)
        except ImageError as error:
            trouble = str(error)
    pairs = list(zip(networks, asked.prepared, strict=False)) if asked.is_something else []
    if pairs:
        _wait(networks, head)
        with below:
            answering = loaded(networks)
        pairs = [pair for pair in pairs if pair[0] in answering]
    shown = [(network, pixels, said_of(network, pixels)) for network, pixels in pairs if pixels is not None]
    with head:
        st.html(
            _side_by_side([_said(network, said, asked.truth, len(shown)) for network, _, said in shown])
            or asked.instead
            or invitation
        )
    with below:
        if trouble:
            show_error(trouble)
        blank = [bars(None, network.class_names) for network in networks]
        full = [bars(said, network.class_names) + pixels_figure(pixels) for network, pixels, said in shown]
        names = _side_by_side([_who(network) for network, *_ in shown] or [_who(network) for network in networks])
        several = f'<div class="names{"" if full else " waiting"}">{names}</div>' if len(networks) > 1 else ""
        st.html(f'<p class="note">{escape(asked.note)}</p>{several}{_side_by_side(full or blank)}')
    if is_short:
        return
    first = shown[0] if shown and shown[0][0] is networks[0] else None
    with foot:
        if first and not asked.truth:
            draw_teaching(first[0], first[1], first[2], key)
    draw_insight(networks[0], first and first[1], key, asked.image, lambda: draw_caution(networks[0]))


def invitation(lead: str, more: str) -> str:
    """HTML for the place of the answer."""
    return f'<div class="invitation"><p class="lead">{escape(lead)}</p><p class="quiet">{escape(more)}</p></div>'


def crowd_note(network: Network, image: Image.Image) -> str:
    """What is to be said of a picture that holds more than one figure."""
    if not network.config.dataset.drawable:
        return ""
    left_out, joined = is_crowded(image)
    # signs that are no digits may have parts side by side
    return LEFT_OUT if left_out else JOINED if joined and reads_digits(network) else ""


def reads_digits(network: Network) -> bool:
    """Whether every class is one digit."""
    return all(len(name) == 1 and name.isdigit() for name in network.class_names)


def _wait(networks: list[Network], place: DeltaGenerator) -> None:
    """Until all are loaded, or cannot be."""
    coming = [network.loading().classifier for network in networks]
    if not all(each.done() for each in coming):
        with place, st.spinner("The network is being loaded; draw on ..."):
            wait(coming)


def _said(network: Network, said: Said, truth: str, count: int) -> str:
    names = network.class_names
    who = _who(network) if count > 1 else ""
    right = names[said.first] == truth
    verdict = (
        f'<p class="truth">{"✓ Right" if right else "✗ Wrong"}: it is <b>{escape(truth)}</b>.</p>' if truth else ""
    )
    return who + words(said, names) + words_in_a_line(said, names, network.title if count > 1 else "") + verdict


def _who(network: Network) -> str:
    tip = f' title="{escape(network.title)}"' if whole(network.title) else ""  # the style cuts it
    return f'<p class="who"{tip}>{escape(network.title)}</p>'


def _side_by_side(parts: Sequence[str]) -> str:
    inside = "".join(f"<div>{part}</div>" for part in parts)
    return f'<div class="beside" style="--count:{len(parts)}">{inside}</div>' if parts else ""


def draw_teaching(network: Network, pixels: np.ndarray, said: Said, key: str) -> None:
    """What it was, a button to keep that, and the way to a training with it.

    List and button are of this very picture and answer: what was chosen for another does not stay, and a click on a button
    that is not of the picture on the page any more does nothing.
    """
    dataset, names = network.config.dataset, network.class_names
    about = f"{key} {sha256(pixels.tobytes()).hexdigest()[:12]} {said.first}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Was it really", width="content")
        label = st.selectbox(
            "What was it really?",
            range(len(names)),
            said.first,
            format_func=names.__getitem__,
            key=f"truth {about}",
            label_visibility="collapsed",
            width=90 if max(map(len, names)) <= 2 else 180,
        )
        if pressed("Keep it for the next training", icon=":material/school:", key=f"teach {about}"):
            with errors_shown():
                st.session_state[KEPT] = keep(dataset, data_folder(), pixels, label)
        if st.session_state.get(KEPT) and pressed("Undo", icon=":material/undo:", key=f"forget {key}", type="tertiary"):
            forget(st.session_state.pop(KEPT))
    kept = how_many(dataset, data_folder())
    if not kept:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{count(kept, 'picture')} of yours for {dataset.title()}.", width="content")
        if pressed("Train with them", icon=":material/replay:", key=f"train with own {key}"):
            open_with_changes(network.run, network.config, {"training.own_pictures": TIMES})
