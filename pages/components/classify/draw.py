"""Draw something and see the answer change with every stroke."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.images.one_figure import is_little
from pages.components.classify.canvas import canvas
from pages.components.classify.desk import Asked, draw_desk, invitation, reads_digits
from pages.components.classify.networks import Network, refresh_seconds
from pages.components.shell.links import page_link, try_page

TOO_LITTLE = "Draw larger: a digit that fills half of the box is read best."
BEGUN = "canvas was there"  # since then networks are loaded, not before: the page comes first


def draw_drawing(networks: Sequence[Network], is_short: bool = False) -> None:
    """The canvas and, beside it, the answer of these networks, of which none needs to be loaded yet: see `networks_of`.

    A fragment: a stroke redraws the answer, not the page. While one of the networks learns, its answer follows. A short one (on
    the home page, at the demo's end) leaves out what helps to understand the answer, and forgets the drawing when one leaves.
    """
    st.fragment(_draw, run_every=refresh_seconds(networks))(networks, is_short)


def _draw(networks: Sequence[Network], is_short: bool) -> None:
    hint = networks[0].config.dataset.input_hint

    def source(networks: list[Network]) -> Asked:
        begun = st.session_state.get(BEGUN, False)
        asks = not (begun and all([network.begin() for network in networks]))
        image = canvas(key="drawing", hint=hint, keeps=not is_short, asks=asks, on_asked=_begin)
        if image is not None and reads_digits(networks[0]) and is_little(image):  # another sign may be a dot
            asked = Asked(instead=invitation(TOO_LITTLE, "So little ink could be anything."))
        else:
            asked = Asked.about(networks, image)
        if is_short:
            to = try_page(networks[0].run.id)
            page_link(to, label="No mouse, pen or touch screen at hand? Upload")
        return asked

    draw_desk(
        networks,
        source,
        "drawing",
        invitation(f"Draw {hint} in the box.", "The answer appears here while you draw."),
        is_short,
    )


def _begin() -> None:
    st.session_state[BEGUN] = True
