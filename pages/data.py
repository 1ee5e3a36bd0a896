"""Data: bring your own pictures, check them, and manage the datasets made of them."""

import streamlit as st

from pages.components.header import open_page

open_page("Data")
st.title("Your own pictures")
