"""Experiments: groups of runs that belong together."""

import streamlit as st

from pages.components.header import open_page

open_page("Experiments")
st.title("Experiments")
