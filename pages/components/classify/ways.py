"""Ways to give one picture: draw something and see the answer change with every stroke, or take a test picture at a click, a
random one or one that the network gets wrong, with its true class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from core.datasets.thumbnails import labels_of, pictures_of
from core.images.one_figure import is_little
from core.paths import data_folder
from pages.components.classify.browser import canvas
from pages.components.classify.desk import Asked, draw_desk, invitation, reads_digits
from pages.components.classify.networks import Network, following, prepared_by, refresh_seconds, without_test_pictures
from pages.components.shell.histories import predictions_of
from pages.components.shell.html_parts import picture
from pages.components.shell.links import page_link, try_page
from pages.components.shell.widgets import pressed

TOO_LITTLE = "Draw larger: a digit that fills half of the box is read best."
BEGUN = "canvas was there"  # since then networks are loaded, not before: the page comes first
CHOSEN = "example"


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
        image = canvas(
            key="drawing",
            hint=hint,
            otherwise="With a keyboard, use Upload.",
            keeps=not is_short,
            asks=asks,
            on_asked=_begin,
        )
        if image is not None and reads_digits(networks[0]) and is_little(image):  # another sign may be a dot
            asked = Asked(instead=invitation(TOO_LITTLE, "So little ink could be anything."))
        else:
            asked = Asked.about(networks, image)
        if is_short:
            to = try_page(networks[0].run.id, "Upload")
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


@following
def draw_examples(networks: Sequence[Network]) -> None:
    """A fragment: another picture redraws the answer, not the page."""
    dataset = networks[0].config.dataset
    stored, labels = (of(dataset, data_folder(), "test") for of in (pictures_of, labels_of))
    if stored is None or labels is None or len(stored) != len(labels):
        st.markdown(without_test_pictures(networks[0]))
        return

    def source(networks: list[Network]) -> Asked:
        run_id = networks[0].run.id
        row = _chosen(networks[0], len(stored))
        if row is None:
            st.html('<div class="frame-of-picture"></div>')
            return Asked()
        pixels = np.array(stored[row])  # (H, W, C)
        st.html(f'<div class="frame-of-picture">{picture(pixels, f"Test picture {row} of run {run_id}")}</div>')
        exact = np.ascontiguousarray(pixels.transpose(2, 0, 1))
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        truth = networks[0].class_names[int(labels[row])]
        return Asked([exact, *prepared_by(networks[1:], image)], image, truth)

    said = "A click shows a picture that the network has never learned from, and here what it says of it."
    draw_desk(networks, source, "example", invitation("Take a test picture.", said))


def _chosen(network: Network, count: int) -> int | None:
    """The buttons, and the row of the test picture that was chosen for this run."""
    predictions = predictions_of(network.run, "test")
    wrong = [] if predictions is None or predictions.rows.max() >= count else predictions.rows[~predictions.right]
    with st.container(horizontal=True):
        if pressed("A random test picture", key="random test picture", icon=":material/shuffle:", type="primary"):
            st.session_state[CHOSEN] = network.run.id, int(np.random.default_rng().integers(count))
        if len(wrong) and pressed(
            "One that it gets wrong", key="wrong test picture", icon=":material/sentiment_dissatisfied:"
        ):
            st.session_state[CHOSEN] = network.run.id, int(np.random.default_rng().choice(wrong))
    run_id, row = st.session_state.get(CHOSEN, ("", 0))
    return row if run_id == network.run.id and row < count else None
