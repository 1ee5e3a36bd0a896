"""Home, the first page."""

import streamlit as st

from core.paths import runs_folder
from core.runs.store import list_runs
from pages.components.charts.figure import plotly_address
from pages.components.demo.demo_view import start_demo_button
from pages.components.demo.home_view import draw_runs, draw_try
from pages.components.shell.header import open_page
from pages.components.shell.links import ALL_RUNS, CLASSIFY, COMPARE, DATA, DEMO, GLOSSARY, TRAIN, page_link
from pages.components.shell.start import start_digits_button

open_page("Home")
plotly_address()  # copies plotly.js into place before a chart needs it
with st.container(key="home"):
    with st.container(key="welcome", gap="small"):
        st.title("Train a network, then draw for it")
        st.html(
            '<p class="lead">TrainDesk trains networks that recognise pictures: you choose by clicking, watch them learn, '
            "and then draw or upload a picture to see what they say.</p>"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            start_demo_button("start demo")
            page_link(DATA, label="Bring your own pictures", icon=":material/photo_library:")
        with st.container(horizontal=True, vertical_alignment="center"):
            start_digits_button("start digits", primary=False)
            page_link(TRAIN, label="Choose another recipe", icon=":material/tune:")
        st.caption(
            "The demo and the digits are done within a minute and need no internet. Nothing leaves this computer."
        )
    draw_try()

runs = draw_runs()
st.header("What to do next" if runs else "What you can do here")
with st.container(horizontal=True, key="next"):
    page_link(CLASSIFY, label="Draw or upload a picture", icon=":material/draw:")
    if runs:
        page_link(ALL_RUNS, label=f"All runs ({len(list_runs(runs_folder()))})", icon=":material/list:")
        page_link(COMPARE, label="Compare runs", icon=":material/compare_arrows:")
    page_link(DEMO, label="The demo", icon=":material/play_circle:")
    page_link(DATA, label="Your own pictures", icon=":material/photo_library:")
    page_link(GLOSSARY, label="What the words mean", icon=":material/help:")
