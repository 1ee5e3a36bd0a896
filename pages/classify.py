"""Classify: draw or upload a picture and see what a trained network says."""

import streamlit as st

from pages.components.ask import draw_caution
from pages.components.classifiers import warm_up
from pages.components.draw import draw_drawing
from pages.components.examples import draw_examples
from pages.components.header import open_page
from pages.components.links import page_link
from pages.components.networks import choose_beside, loaded, say_different
from pages.components.run_choice import choose_run, runs_with_checkpoint
from pages.components.start import start_digits_button
from pages.components.upload import draw_photo, draw_upload

open_page("Classify")
st.title("Try a trained network")
runs = runs_with_checkpoint()
if not runs:
    st.markdown(
        "There is no trained network yet. Start the digits training: it needs no internet, is done within a minute, "
        "and then you can draw here."
    )
    start_digits_button("start digits")
    page_link("pages/train.py", label="Choose another recipe")
    warm_up()
    st.stop()

run = choose_run(runs)
beside = choose_beside(run, runs)
networks = loaded([run, *beside])
if not networks or networks[0].run.id != run.id:
    st.stop()  # why it cannot be loaded is said
first = networks[0].classifier
say_different(networks)
draw_caution(networks[0])
tabs = (
    ["Draw", "Upload", "Photo", "Test pictures"]
    if first.config.dataset.drawable
    else ["Upload", "Photo", "Test pictures"]
)
parts = {"Draw": draw_drawing, "Upload": draw_upload, "Photo": draw_photo, "Test pictures": draw_examples}
for name, tab in zip(tabs, st.tabs(tabs, on_change="rerun", key="how"), strict=True):
    with tab:
        if name != "Photo" or tab.open:  # the browser asks for the camera as soon as that part is drawn
            parts[name](networks)
st.caption(f"The {first.checkpoint} checkpoint of this run, epoch {first.epoch}.")
