"""One run: watch it live, pause, stop or resume it, read its results."""

import streamlit as st

from core.errors import TrainDeskError
from core.paths import runs_folder
from core.runs.metadata import read_metadata, title_of
from core.runs.store import find_run, list_runs
from pages.components.run.heading import draw_missing
from pages.components.run.live_view import draw_live_view
from pages.components.run.log_view import draw_log
from pages.components.run.manage import draw_exports, draw_files
from pages.components.run.mistakes_view import draw_mistakes, has_predictions
from pages.components.run.results import draw_figures, draw_test_results
from pages.components.run.take_view import draw_taking
from pages.components.run.watch_view import draw_watching
from pages.components.shell.classifiers import warm_up
from pages.components.shell.fences import run_fence
from pages.components.shell.header import name_tab, open_page
from pages.components.shell.histories import shared_history
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.playing import draw_way_to_game
from pages.components.shell.setting_words import draw_settings, read_config
from pages.components.shell.start import draw_first_steps
from pages.components.train.network_view import draw_network_of

open_page("Run")

if not list_runs(runs_folder()) and not st.query_params.get("run"):
    st.title("No run yet")
    draw_first_steps("A run is one training. Start one: the digits need no internet and are done within a minute.")
    st.stop()
wanted = st.query_params.get("run") or "latest"
try:
    run = find_run(wanted, runs_folder())
except TrainDeskError as error:
    draw_missing(wanted, error)
    st.stop()

st.query_params["run"] = run.id  # so that the address can be kept, also when it said only "the newest"
config, damage = read_config(run)
name_tab(title_of(run, config))
moves, history, class_names = False, None, []
with run_fence(run, "curves", is_page=True):
    history = shared_history(run).history
    class_names = (history.started or {}).get("class_names", [])
    moves = draw_live_view(run, config, damage)
draw_way_to_game()
if history:
    draw_watching(run, class_names, moves, lambda: draw_figures(run, shared_history(run), run.status()))
if note := read_metadata(run).note:
    st.markdown(plain_markdown(note))
if history and not moves:
    with run_fence(run, "results", is_page=True):
        if config and has_predictions(run):
            draw_mistakes(run, config, class_names)
        elif history.test:
            draw_test_results(history.test, class_names)
    warm_up()
if history and history.started:
    draw_taking(run, config)
draw_log(run, moves)
with run_fence(run, "network", is_page=True):
    draw_network_of(run)
if config:
    with st.expander("Settings of this run"):
        draw_settings(config)
if history and history.started:
    draw_exports(run)
draw_files(run)
