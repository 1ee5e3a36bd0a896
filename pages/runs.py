"""Runs: every training so far."""

import streamlit as st

from core.paths import runs_folder
from core.runs.store import list_runs
from pages.components.header import open_page
from pages.components.run_list import draw_run_table
from pages.components.start import start_digits_button

open_page("Runs")
st.title("Runs")
runs = list_runs(runs_folder())
if runs:
    draw_run_table(runs)
    st.caption(f"Each run is a folder in `{runs_folder()}`.")
else:
    st.markdown("There is no run yet. Start the digits training, which needs no internet, or choose a recipe.")
    start_digits_button("start digits")
    st.page_link("pages/train.py", label="Choose another recipe")
