"""A prediction in words, as bars of every class, and the pixels it was made from."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from pages.components.wording import percent

SURE, UNSURE = 0.8, 0.5


def words(probabilities: np.ndarray, class_names: tuple[str, ...]) -> str:
    """HTML: what it is, and how sure the network is."""
    first, second = np.argsort(-probabilities, kind="stable")[:2] if len(class_names) > 1 else (0, 0)
    name, share = escape(class_names[first]), float(probabilities[first])
    other = escape(class_names[second])
    long = " long" if len(class_names[first]) > 2 else ""
    if share >= SURE:
        text = f"This is <b>{name}</b>, {percent(share)} sure."
    elif share >= UNSURE:
        text = f"Probably <b>{name}</b>, {percent(share)} sure. It could be {other}."
    else:
        text = (
            f"Not sure: perhaps <b>{name}</b> ({percent(share)}) or {other} ({percent(float(probabilities[second]))})."
        )
    return f'<p class="answer{long}" aria-live="polite">{text}</p>'


def bars(probabilities: np.ndarray, class_names: tuple[str, ...]) -> str:
    """HTML list: every class in its own order with its share; the likeliest stands out."""
    winner = int(np.argmax(probabilities))
    named = " named" if max(map(len, class_names)) > 2 else ""
    rows = "".join(
        f'<li{" class=winner" if index == winner else ""}><span class="name">{escape(name)}</span>'
        f'<span class="track" aria-hidden="true"><span class="fill" style="width:{share * 100:.1f}%"></span></span>'
        f'<span class="share">{percent(float(share))}</span></li>'
        for index, (name, share) in enumerate(zip(class_names, probabilities, strict=True))
    )
    return f'<ul class="bars{named}" aria-label="Probability of every class">{rows}</ul>'


def pixels_figure(pixels: np.ndarray) -> str:
    """HTML: the exact pixels that the network receives, enlarged. pixels: (C, H, W) uint8."""
    height, width = pixels.shape[1:]
    image = Image.fromarray(pixels[0] if pixels.shape[0] == 1 else pixels.transpose(1, 2, 0))
    caption = f"What the network sees, {width} x {height}"
    return _figure(image, caption, caption)


def picture_figure(image: Image.Image, name: str) -> str:
    """HTML: a small copy of an uploaded picture."""
    small = image.copy()
    small.thumbnail((280, 280))
    return _figure(small, name, "", " class=photo")


def draw_figures(*figures: str) -> None:
    """Figures side by side, where there is room. Their pictures are part of the page: media files can be gone too soon."""
    st.html(f'<div class="figures">{"".join(figures)}</div>')


def _figure(image: Image.Image, caption: str, alt: str, attributes: str = "") -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    address = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<figure class="sees"><img{attributes} src="{address}" alt="{escape(alt)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
