"""Runs: what trains, what waits, and every training so far."""

import streamlit as st

from core.paths import runs_folder
from core.runs.disk import disk_warning
from pages.components.run.manage import draw_deleted, draw_example_choice, draw_undo
from pages.components.runs.open_run import draw_open_place, draw_opened, take_drops
from pages.components.runs.queue_view import draw_now_and_waiting
from pages.components.runs.run_list import draw_filter, draw_run_list
from pages.components.shell.fences import fenced
from pages.components.shell.header import open_page
from pages.components.shell.histories import summaries
from pages.components.shell.links import EXPERIMENTS, page_link
from pages.components.shell.messages import show_warning
from pages.components.shell.rights import place_of
from pages.components.shell.start import draw_first_steps

open_page("Runs")
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.title("Runs", width="content")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        draw_open_place()
        page_link(EXPERIMENTS, label="Experiments", icon=":material/science:", width="content")
if warning := disk_warning(runs_folder()):
    show_warning(warning)
draw_undo()
draw_opened()
draw_now_and_waiting()
runs = summaries()
if runs:
    draw_run_list(draw_filter(runs))
    st.caption(f"Each run is a folder in `{place_of(runs_folder())}`.")
else:
    draw_first_steps("There is no run yet. Start the digits training, which needs no internet, or choose a recipe.")
draw_example_choice()
with fenced("The trash"):
    draw_deleted()
take_drops()
