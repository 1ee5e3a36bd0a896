"""Why a network answered so: what became of the picture, where it looked, what it resembles, and when it breaks."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from core.analysis.run_words import views_in_words
from core.datasets.thumbnails import pictures_of
from core.paths import data_folder
from pages.components.classify.break_it import draw_break_it
from pages.components.classify.networks import PLAINLY, Network
from pages.components.shell.html_parts import card, gallery, image_address, picture, sheet

SIMILAR = 8
BREAK_IT = "Break it"


def draw_insight(
    network: Network,
    pixels: np.ndarray | None,
    key: str,
    image: Image.Image | None,
    beside: Callable[[], None] = lambda: None,
) -> None:
    """Parts of which one is open, or none; only that one computes. They stay when there is no picture any more. `beside` draws
    what stands on their line."""
    parts: dict[str, Callable[[np.ndarray], None]] = {
        "What it sees": lambda pixels: _draw_steps(network, pixels, image),
        "Where it looked": lambda pixels: _draw_where(network, pixels),
        "Its layers": lambda pixels: _draw_layers(network, pixels),
        "Similar pictures": lambda pixels: _draw_similar(network, pixels),
    }
    with st.container(horizontal=True, vertical_alignment="center", key=f"closer-{key}"):
        opened = st.segmented_control(
            "Look closer",
            [*parts, BREAK_IT],
            key=f"closer look {key}",
            label_visibility="collapsed",
            persist_state="session",
        )
        beside()
    if opened is None:
        return
    with st.container(key=f"closer-part-{key}"):
        if opened == BREAK_IT:
            draw_break_it(network, pixels, key)
        elif pixels is None:
            st.caption("Here it stands as soon as there is a picture.")
        else:
            parts[opened](pixels)


def _draw_steps(network: Network, pixels: np.ndarray, image: Image.Image | None) -> None:
    dataset = network.config.dataset
    if image is not None and dataset.drawable:
        st.toggle(
            "Shrink the picture as it is, without centring and scaling it",
            key=PLAINLY,
            help="Most demonstrations do only this, and then misread drawings that are small, thin or off the centre.",
            persist_state="session",
        )
    steps = [] if image is None or st.session_state.get(PLAINLY) else dataset.steps(image)
    first = [("the picture", _small(image))] if image is not None else []
    last = [("what the network receives", np.ascontiguousarray(pixels.transpose(1, 2, 0)))]
    st.html(gallery([card(pixels, words, escape(words)) for words, pixels in [*first, *steps, *last]], "Steps"))
    inputs = network.classifier.inputs(pixels[None])
    st.caption(
        f"{' x '.join(str(side) for side in pixels.shape)} numbers from 0 to 255, for the network scaled to "
        f"{float(inputs.min()):.2f} to {float(inputs.max()):.2f}."
    )


def _draw_where(network: Network, pixels: np.ndarray) -> None:
    from core.inference.explain import where_it_looked

    classifier = network.classifier
    answer = int(classifier.predict(pixels[None])[0].argmax())
    heat, method = where_it_looked(classifier, pixels, answer)
    st.html(f'<div class="figures">{_heat_figure(pixels, heat, classifier.class_names[answer])}</div>')
    how = (
        "the last convolution's filters that speak for it"
        if method == "Grad-CAM"
        else "places that change the answer when they are covered"
    )
    st.caption(f"Bright is what spoke for {classifier.class_names[answer]}: {how} ({method}).")
    if views := views_in_words(classifier.config.training.views):
        st.caption(f"{views} This is the first of them, the picture as it is.")


def _draw_layers(network: Network, pixels: np.ndarray) -> None:
    from core.inference.explain import activations
    from core.training.snapshots import first_filters

    filters = first_filters(network.classifier.model, network.config.dataset.info().shape)
    if filters is not None:
        st.markdown("**what the first layer looks for**: light and dark in these places")
        enlarge = max(2, 28 // filters.shape[1])
        st.html(picture(sheet(filters[:24], 12, enlarge), "First-layer filters", "filters"))
    for found in activations(network.classifier, pixels):
        st.markdown(f"**{found.words}**")
        if found.values.ndim == 3:
            drawn = sheet(found.values[:24, :, :, None], 12, max(1, 28 // found.values.shape[1]))
        else:
            rows = found.values[None, :, None] if found.values.size <= 32 else _folded(found.values)
            drawn = sheet(rows[None], 1, 8)
        st.html(picture(drawn, found.words, "filters"))
    st.caption("Bright is a strong answer of a filter or neuron, grey is none.")


def _draw_similar(network: Network, pixels: np.ndarray) -> None:
    known = network.known
    stored = pictures_of(network.config.dataset, data_folder(), "train")
    if known is None or stored is None:
        st.caption("What it learned from is being looked at; draw on, or open this again in a few seconds.")
        return
    features, _ = network.classifier.embed(pixels[None])
    names = network.classifier.class_names
    cards = [
        card(stored[row], f"training picture {row}: {names[label]}", f"<b>{escape(names[label])}</b>")
        for row, label in known.nearest(features[0], SIMILAR)
    ]
    st.html(gallery(cards, "Similar training pictures", small=True))
    st.caption("Similar to the network, not to the eye: nearest in what enters its last layer.")


def _heat_figure(pixels: np.ndarray, heat: np.ndarray, name: str) -> str:
    """HTML: the picture in grey with heat (H, W) 0..1 laid over it."""
    grey = pixels.astype(np.float32).mean(axis=0)  # (H, W)
    warm = np.array([255, 150, 40], np.float32)
    mixed = grey[..., None] * (0.35 + 0.3 * (1 - heat[..., None])) + warm * heat[..., None] * 0.65
    image = Image.fromarray(mixed.clip(0, 255).astype(np.uint8)).resize((280, 280), Image.Resampling.BILINEAR)
    return f'<figure class="sees"><img src="{image_address(image)}" alt="Where it looked for {escape(name)}"></figure>'


def _small(image: Image.Image) -> np.ndarray:
    flat = Image.new("RGBA", image.size, "white")
    flat.alpha_composite(image.convert("RGBA"))
    flat = flat.convert("RGB")
    flat.thumbnail((140, 140))
    return np.asarray(flat)


def _folded(values: np.ndarray) -> np.ndarray:
    """(n,) in rows of 32: (h, 32, 1), the rest filled with nothing."""
    rows = -(-values.size // 32)
    table = np.zeros(rows * 32, np.float32)
    table[: values.size] = values
    return table.reshape(rows, 32, 1)
