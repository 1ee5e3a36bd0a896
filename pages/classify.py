"""Classify: draw or upload a picture and see what a trained network says."""

import streamlit as st

from core.errors import TrainDeskError
from pages.components.classifiers import load_classifier, warm_up
from pages.components.draw import draw_drawing
from pages.components.header import open_page
from pages.components.messages import show_error
from pages.components.run_choice import choose_run, runs_with_checkpoint
from pages.components.start import start_digits_button
from pages.components.upload import draw_upload

open_page("Classify")
st.title("Try a trained network")
runs = runs_with_checkpoint()
if not runs:
    st.markdown(
        "There is no trained network yet. Start the digits training: it needs no internet, is done within a minute, "
        "and then you can draw here."
    )
    start_digits_button("start digits")
    st.page_link("pages/train.py", label="Choose another recipe")
    warm_up()
    st.stop()

run = choose_run(runs)
try:
    classifier = load_classifier(run)
except TrainDeskError as error:
    show_error(error)
    st.stop()
if classifier.config.dataset.drawable:
    draw_tab, upload_tab = st.tabs(["Draw", "Upload"])
    with draw_tab:
        draw_drawing(classifier)
    with upload_tab:
        draw_upload(classifier)
else:
    draw_upload(classifier)
st.caption(f"The {classifier.checkpoint} checkpoint of this run, epoch {classifier.epoch}.")
