"""Classify: draw or upload a picture and see what a trained network says."""

import streamlit as st

from pages.components.classify.networks import choose_networks, say_different
from pages.components.classify.run_choice import choose_run, runs_with_checkpoint
from pages.components.classify.upload import draw_photo, draw_upload
from pages.components.classify.ways import draw_drawing, draw_examples
from pages.components.run.take_view import ANCHOR
from pages.components.shell.classifiers import warm_up
from pages.components.shell.header import open_page
from pages.components.shell.links import HOW, anchor, from_address, run_page, say
from pages.components.shell.start import draw_first_steps

open_page("Classify")
runs = runs_with_checkpoint()
if not runs:
    st.title("Try a trained network")
    draw_first_steps(
        "There is no trained network yet. Start the digits training: it needs no internet, is done within a minute, "
        "and then you can draw here."
    )
    warm_up()
    st.stop()

PARTS = {"Draw": draw_drawing, "Upload": draw_upload, "Photo": draw_photo, "Test": draw_examples}
with st.container(horizontal=True, vertical_alignment="center", key="choose"):
    st.html("<h1>Try a network</h1>", width="content")
    run = choose_run(runs)
    networks = choose_networks(run, runs)
    ways = st.container(width="content")
if not networks or networks[0].run.id != run.id:
    st.stop()  # why it cannot be read is said
with ways:
    names = [name for name in PARTS if name != "Draw" or networks[0].config.dataset.drawable]
    if (kept := st.session_state.get(HOW, names[0])) not in names:
        del st.session_state[HOW]
    elif HOW not in st.query_params and kept != names[0]:
        say(HOW, kept)  # chosen before, on another visit to this page
    changed = from_address(HOW, names, names[0])
    how = st.segmented_control(
        "Way", names, key=HOW, required=True, label_visibility="collapsed", persist_state="session", on_change=changed
    )
say_different(networks)
PARTS[how or names[0]](networks)
st.html(
    f'<p class="quiet">{anchor(run_page(run.id), "Take it with you", ANCHOR)}: as a page that answers on any phone, as a package '
    "for programs, as a report.</p>"
)
