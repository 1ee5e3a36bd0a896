"""Train: pick a recipe, change what you like, start."""

import streamlit as st

from core.errors import TrainDeskError
from core.paths import runs_folder
from core.recipes import find_recipe
from core.runs.store import find_run
from pages.components.shell.form_values import check, current, fill
from pages.components.shell.header import open_page
from pages.components.shell.messages import show_warning
from pages.components.train.form import draw_form, draw_title
from pages.components.train.form_changes import draw_origin
from pages.components.train.network_view import draw_network_before_start
from pages.components.train.preview import draw_preview
from pages.components.train.recipe_cards import FILLED_FROM, draw_cards, draw_goals, use_recipe
from pages.components.train.start_bar import draw_start_bar
from pages.components.train.sweep_form import draw_sweep_form, fill_from_experiment

open_page("Train")

# a link may say what to fill the form with: /train?recipe=mlp, /train?from=RUN, /train?experiment=NAME
for source in ("recipe", "from", "experiment"):
    wanted = st.query_params.get(source)
    if not wanted or st.session_state.get(FILLED_FROM) == (source, wanted):
        continue
    try:
        if source == "recipe":
            use_recipe(find_recipe(wanted))
        elif source == "from":
            fill(find_run(wanted, runs_folder()).config())
            st.session_state[FILLED_FROM] = (source, wanted)
        else:
            fill_from_experiment(wanted)
            st.session_state[FILLED_FROM] = (source, wanted)
    except TrainDeskError as error:
        show_warning(f"The form could not be filled from the link. {error}")

now, _ = check(current())
if st.session_state.get(FILLED_FROM, ("recipe",))[0] == "recipe":
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title("Train a network", width="content")
        draw_goals()
    draw_cards(now)
else:  # the form is what someone came for
    st.title("Train a network")
    with st.expander("Recipes", key="fold the recipes"):
        draw_goals()
        draw_cards(now)
left, right = st.columns([2, 1], vertical_alignment="center")
with left:
    draw_origin(now)
with right:
    draw_title()
config, problems = draw_form()
draw_preview(config)
draw_network_before_start(config)
sweep, wrong = draw_sweep_form(config)

with st.bottom:
    draw_start_bar(config, problems | wrong, sweep, several=bool(sweep or wrong))
