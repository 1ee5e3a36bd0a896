"""Compare: curves of several runs over each other, what they differ in, and which is better."""

import streamlit as st

from pages.components.compare.compare_view import draw_comparison
from pages.components.shell.header import open_page

open_page("Compare")
st.title("Compare runs")
draw_comparison()
