"""Draw something and see the answer change with every stroke."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import ImageError, NothingDrawn
from pages.components.answer import draw_answer, draw_figures, pixels_figure
from pages.components.canvas import canvas
from pages.components.messages import show_error

if TYPE_CHECKING:
    from core.inference.classifier import Classifier


@st.fragment
def draw_drawing(classifier: Classifier) -> None:
    """A fragment: a stroke redraws the answer, not the page."""
    hint = classifier.config.dataset.input_hint
    desk, answer = st.columns([4, 5], gap="medium")
    pixels, trouble = None, ""
    with desk:
        try:
            image = canvas(key="drawing", hint=hint)
            pixels = classifier.config.dataset.prepare(image) if image else None
        except NothingDrawn:
            pass
        except ImageError as error:
            trouble = str(error)
    with answer:
        if trouble:
            show_error(trouble)
        elif pixels is None:
            st.html(
                f'<div class="invitation"><p class="lead">Draw {escape(hint)} in the box.</p>'
                '<p class="quiet">The answer appears here while you draw: how likely the network finds every class, '
                "and what it sees.</p></div>"
            )
        else:
            draw_answer(classifier.predict([pixels])[0], classifier.class_names)
            draw_figures(pixels_figure(pixels))
    st.caption("No mouse, pen or touch screen at hand? Use Upload.")
