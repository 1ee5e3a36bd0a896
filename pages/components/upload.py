"""Uploaded pictures, each with its answer or the sentence that says what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import ImageError
from core.images.read import read_image
from pages.components.answer import draw_answer, draw_figures, picture_figure, pixels_figure
from pages.components.messages import show_error

if TYPE_CHECKING:
    from core.inference.classifier import Classifier

KINDS = ["png", "jpg", "jpeg", "bmp", "webp", "gif"]


@st.fragment
def draw_upload(classifier: Classifier) -> None:
    """The uploader and the results. One bad file does not keep the others from being answered."""
    files = st.file_uploader(
        f"Pictures of {classifier.config.dataset.input_hint} (PNG, JPEG, BMP, WebP or GIF; several at once if you like)",
        type=KINDS,
        accept_multiple_files=True,
        key="uploads",
    )
    ready, failed = [], []
    for file in files:
        try:
            image = read_image(file.getvalue(), file.name)
            ready.append((file.name, image, classifier.config.dataset.prepare(image)))
        except ImageError as error:
            failed.append((file.name, str(error)))
    for name, sentence in failed:
        show_error(sentence if name in sentence else f"{name}: {sentence}")
    if not ready:
        return
    answers = classifier.predict([pixels for _, _, pixels in ready])  # (N, classes)
    for (name, image, pixels), probabilities in zip(ready, answers, strict=True):
        with st.container(border=True):
            pictures, answer = st.columns([2, 3], gap="medium")
            with pictures:
                draw_figures(picture_figure(image, name), pixels_figure(pixels))
            with answer:
                draw_answer(probabilities, classifier.class_names)
