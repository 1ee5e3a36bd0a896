"""Draw something and see the answer change with every stroke."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.errors import ImageError
from pages.components.ask import draw_words
from pages.components.canvas import canvas
from pages.components.insight import draw_insight
from pages.components.links import page_link
from pages.components.messages import show_error
from pages.components.networks import Network, pace, prepared_by, refreshed
from pages.components.teach import draw_teaching


def draw_drawing(networks: Sequence[Network], is_short: bool = False) -> None:
    """A fragment: a stroke redraws the answer, not the page. While one of the networks learns, its answer follows.

    A short one leaves out what helps to understand the answer.
    """
    st.fragment(_draw, run_every=pace(networks))(networks, is_short)


def _draw(networks: Sequence[Network], is_short: bool) -> None:
    networks = refreshed(networks)
    hint = networks[0].classifier.config.dataset.input_hint
    desk, answer = st.columns([4, 5], gap="medium")
    image, prepared, trouble = None, [], ""
    with desk:
        try:
            image = canvas(key="drawing", hint=hint)
            prepared = prepared_by(networks, image) if image else []
        except ImageError as error:
            trouble = str(error)
        if is_short:
            to = {"run": networks[0].run.id}
            page_link("pages/classify.py", label="No mouse, pen or touch screen at hand? Upload", query_params=to)
        else:
            st.caption("No mouse, pen or touch screen at hand? Use Upload.")
    with answer:
        if trouble:
            show_error(trouble)
        elif image is None or prepared[0] is None:
            st.html(
                f'<div class="invitation"><p class="lead">Draw {escape(hint)} in the box.</p>'
                '<p class="quiet">The answer appears here while you draw: how likely the network finds every class, '
                "and what it sees.</p></div>"
            )
        else:
            draw_words(networks, prepared)
    if not is_short and image is not None and prepared and prepared[0] is not None:
        draw_teaching(networks[0], prepared[0], "drawing")
        draw_insight(networks[0], prepared[0], "drawing", image)
