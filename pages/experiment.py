"""Experiments: groups of runs that belong together, and what the settings that differ did to the result."""

import streamlit as st

from pages.components.runs.experiment_list import draw_experiments
from pages.components.runs.experiment_view import draw_experiment
from pages.components.shell.header import name_tab, open_page
from pages.components.shell.links import EXPERIMENTS, way_back
from pages.components.shell.number_words import plain_markdown
from pages.components.train.experiments import experiments

open_page("Experiments")
name = st.query_params.get("experiment", "")
if name in experiments():
    name_tab(name)
    draw_experiment(name)
    way_back(EXPERIMENTS, "All experiments")
else:
    st.title("Experiments")
    if name:
        st.markdown(f"There is no experiment '{plain_markdown(name[:60])}'.")
    draw_experiments()
