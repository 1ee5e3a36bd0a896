"""Train: pick a recipe, change what you like, start."""

import streamlit as st

from pages.components.shell.form_values import check, current
from pages.components.shell.header import open_page
from pages.components.shell.playing import draw_playing
from pages.components.train.cards import draw_cards, draw_goals
from pages.components.train.filled_form import draw_origin, fill_from_address, origin
from pages.components.train.form import draw_form, draw_title
from pages.components.train.kept_form import draw_kept_form
from pages.components.train.network_view import draw_before_start
from pages.components.train.start_bar import draw_start_bar
from pages.components.train.sweep_form import draw_sweep_form

open_page("Train")

fill_from_address()
now, _ = check(current())
if origin().kind in ("", "recipe"):
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title("Train a network", width="content")
        draw_goals()
    draw_kept_form()
    draw_cards(now)
else:  # the form is what someone came for
    st.title("Train a network")
    draw_kept_form()
    with st.expander("Recipes", key="fold the recipes"):
        draw_goals()
        draw_cards(now)
draw_playing(now)
left, right = st.columns([2, 1], vertical_alignment="center")
with left:
    draw_origin(now)
with right:
    draw_title()
config, problems = draw_form()
draw_before_start(config)
sweep, wrong = draw_sweep_form(config)

with st.bottom:
    draw_start_bar(config, problems | wrong, sweep, several=bool(sweep or wrong))
