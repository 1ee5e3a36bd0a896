"""Experiments: groups of runs that belong together, and what the settings that differ did to the result."""

import streamlit as st

from pages.components.header import open_page
from pages.components.links import page_link
from pages.components.sweep_table import draw_experiment, experiments
from pages.components.wording import count, plain_markdown

open_page("Experiment")
found = experiments()
name = st.query_params.get("experiment", "")
if name in found:
    st.title(plain_markdown(name))
    draw_experiment(name)
    page_link("pages/experiment.py", label="All experiments")
else:
    st.title("Experiments")
    if name:
        st.markdown(f"There is no experiment '{plain_markdown(name[:60])}'.")
    if found:
        for title, runs in found.items():
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                page_link(
                    "pages/experiment.py", label=f"**{plain_markdown(title)}**", query_params={"experiment": title}
                )
                st.caption(count(len(runs), "run"))
    else:
        st.markdown(
            "An experiment is several runs that differ in chosen settings. Make one on the Train page, under "
            "**Try several values**: three learning rates, for example."
        )
        page_link("pages/train.py", label="Choose a recipe", icon=":material/tune:")
