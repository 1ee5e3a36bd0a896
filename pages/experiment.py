"""Experiments: groups of runs that belong together, and what the settings that differ did to the result."""

import streamlit as st

from pages.components.experiment_list import draw_experiments
from pages.components.experiment_view import draw_experiment
from pages.components.experiments import experiments
from pages.components.header import open_page
from pages.components.links import page_link
from pages.components.wording import plain_markdown

open_page("Experiments")
name = st.query_params.get("experiment", "")
if name in experiments():
    draw_experiment(name)
    page_link("pages/experiment.py", label="All experiments", icon=":material/arrow_back:")
else:
    st.title("Experiments")
    if name:
        st.markdown(f"There is no experiment '{plain_markdown(name[:60])}'.")
    draw_experiments()
