"""TrainDesk: the entry and the home page. Start with `streamlit run dashboard.py`."""

import streamlit as st

from core.paths import runs_folder
from core.runs.store import list_runs
from pages.components.header import open_page
from pages.components.plotly_file import plotly_address
from pages.components.run_list import draw_recent_runs
from pages.components.start import start_digits_button

RECENT = 5

open_page("Home")
plotly_address()  # copies plotly.js into place before a chart needs it
st.title("Train a network, then draw for it")
st.html(
    '<p class="lead">TrainDesk trains networks that recognise pictures: you choose by clicking, watch them learn, '
    "and then draw or upload a picture to see what they say.</p>"
)
with st.container(horizontal=True, vertical_alignment="center"):
    start_digits_button("start digits")
    st.page_link("pages/train.py", label="Choose another recipe", icon=":material/tune:")
st.caption("The digits training needs no internet and is done within a minute. Nothing leaves this computer.")

runs = list_runs(runs_folder())
if runs:
    st.subheader("Recent runs")
    draw_recent_runs(runs[:RECENT])
    st.markdown("**Next:** open a run to watch it or read its results, or try its network yourself.")
    with st.container(horizontal=True):
        st.page_link("pages/classify.py", label="Draw or upload a picture", icon=":material/draw:")
        st.page_link("pages/runs.py", label=f"All runs ({len(runs)})", icon=":material/list:")
else:
    st.subheader("What happens then")
    st.markdown(
        "1. **Watch.** Loss goes down, accuracy goes up, second by second.\n"
        "2. **Understand.** See which digits are mixed up on pictures that the network never saw.\n"
        "3. **Try it.** Draw a digit and see what the network says."
    )
