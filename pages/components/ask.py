"""The answer of one or several networks to a picture, and everything that helps to understand it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from pages.components.answer import bars, draw_figures, pixels_figure, words
from pages.components.insight import draw_insight
from pages.components.networks import Network, neighbours_of
from pages.components.teach import draw_teaching
from pages.components.wording import plain_markdown

ANSWERED = "answered"  # key of the slider
USUAL = 0.995  # share that is answered unless someone moves the slider: a stranger's digit that is refused spoils a demonstration
SHARES = (0.9, 0.95, 0.98, 0.99, 0.995, 1.0)


def draw_answers(
    networks: Sequence[Network],
    prepared: Sequence[np.ndarray | None],
    key: str,
    image: Image.Image | None = None,
    truth: str = "",
) -> None:
    """Side by side, and below what the first network saw and why it answered so. `truth` is the true class, if it is known."""
    draw_words(networks, prepared, truth)
    if prepared[0] is not None:
        if not truth:
            draw_teaching(networks[0], prepared[0], key)
        draw_insight(networks[0], prepared[0], key, image)


def draw_words(networks: Sequence[Network], prepared: Sequence[np.ndarray | None], truth: str = "") -> None:
    """The answers alone, side by side."""
    shown = [(network, pixels) for network, pixels in zip(networks, prepared, strict=True) if pixels is not None]
    if not shown:
        return
    for column, (network, pixels) in zip(st.columns(len(shown), gap="medium"), shown, strict=True):
        with column:
            if len(shown) > 1:
                st.markdown(f"**{plain_markdown(network.title)}**")
            _draw_answer(network, pixels, truth)
            draw_figures(pixels_figure(pixels))


def _draw_answer(network: Network, pixels: np.ndarray, truth: str) -> None:
    from core.inference.neighbours import tempered

    classifier = network.classifier
    known = neighbours_of(network)
    features, probabilities = classifier.embed(pixels[None])
    said = ""
    if known is not None:
        probabilities = tempered(probabilities, known.temperature)
        limit = known.limit(st.session_state.get(ANSWERED, USUAL))
        if known.strangeness(features, pixels[None])[0] > limit:
            said = unknown_words(probabilities[0], classifier.class_names)
    said = said or words(probabilities[0], classifier.class_names)
    if truth:
        right = classifier.class_names[int(probabilities[0].argmax())] == truth
        said += f'<p class="truth">{"✓ Right" if right else "✗ Wrong"}: it is <b>{escape(truth)}</b>.</p>'
    st.html(said + bars(probabilities[0], classifier.class_names))


def unknown_words(probabilities: np.ndarray, class_names: tuple[str, ...]) -> str:
    """HTML: the network has never seen anything like it."""
    first = int(np.argmax(probabilities))
    return (
        '<p class="answer unknown" aria-live="polite">I don\'t know this: it is unlike anything I learned. '
        f"If I had to choose: <b>{escape(class_names[first])}</b>.</p>"
    )


def draw_caution(network: Network) -> None:
    """How soon the network says that it does not know, and what that costs."""
    with st.popover("When does it say “I don't know”?", icon=":material/help_center:"):
        share = st.select_slider(
            "Val pictures that it still answers",
            SHARES,
            USUAL,
            key=ANSWERED,
            format_func=lambda share: f"{share:.1%}",
            persist_state="session",
        )
        known = neighbours_of(network)
        if known is None:
            st.caption("What it learned from is being looked at; a few seconds.")
            return
        answered = known.val_strangeness <= known.limit(share)
        right = known.val_right[answered].mean() if answered.any() else 0.0
        st.markdown(
            f"It answers {answered.mean():.1%} of the val pictures and is right in {right:.1%} of those; of the others it says "
            f"that they are unlike anything it learned. The further left, the more careful."
        )
        st.caption(
            f"It compares a picture with those it learned from, in its own features and in pixels. Temperature "
            f"{known.temperature:.2f} makes its confidence as often right as it says."
        )
