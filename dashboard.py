"""TrainDesk: the entry and the home page. Start with `streamlit run dashboard.py`."""

from pathlib import Path

import streamlit as st

from core.paths import runs_folder
from core.runs.store import list_runs
from pages.components.demo_view import start_demo_button
from pages.components.header import open_page
from pages.components.links import page_link
from pages.components.plotly_file import plotly_address
from pages.components.run_list import draw_recent_runs
from pages.components.start import start_digits_button
from pages.components.vector import vector_image

COMPONENTS = Path(__file__).parent / "pages" / "components"
PICTURE = "A handwritten seven becomes 8 by 8 pixels, passes through the layers of a network, and comes out as the answer seven."
RECENT = 5

open_page("Home")
plotly_address()  # copies plotly.js into place before a chart needs it
st.title("Train a network, then draw for it")
st.html(
    '<p class="lead">TrainDesk trains networks that recognise pictures: you choose by clicking, watch them learn, '
    "and then draw or upload a picture to see what they say.</p>"
)
st.html(vector_image((COMPONENTS / "home.svg").read_text(encoding="utf-8"), PICTURE, "home"))
with st.container(horizontal=True, vertical_alignment="center"):
    start_demo_button("start demo")
    start_digits_button("start digits", primary=False)
    page_link("pages/train.py", label="Choose another recipe", icon=":material/tune:")
st.caption("Both are done within a minute and need no internet. Nothing leaves this computer.")

runs = list_runs(runs_folder())
if runs:
    st.subheader("Recent runs")
    draw_recent_runs(runs[:RECENT])
st.subheader("What to do next" if runs else "What you can do here")
with st.container(horizontal=True, key="next"):
    if runs:
        page_link("pages/classify.py", label="Draw or upload a picture", icon=":material/draw:")
        page_link("pages/runs.py", label=f"All runs ({len(runs)})", icon=":material/list:")
        page_link("pages/compare.py", label="Compare runs", icon=":material/compare_arrows:")
    page_link("pages/demo.py", label="The demo", icon=":material/play_circle:")
    page_link("pages/data.py", label="Bring your own pictures", icon=":material/photo_library:")
    page_link("pages/glossary.py", label="What the words mean", icon=":material/help:")
