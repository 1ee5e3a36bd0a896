"""Computer: what it is doing, how many trainings at once, and how much room the runs take."""

import streamlit as st

from core.paths import runs_folder
from core.workers.dispatch import cpu_runs, gpus, most_cpu_runs, set_cpu_runs
from pages.components.shell.header import open_page
from pages.components.shell.messages import attempt, show_problem
from pages.components.shell.number_words import count
from pages.components.shell.rights import draw_who, is_host
from pages.components.system.system_panel import draw_disk, draw_system

AT_ONCE = "trainings at once"

open_page("Computer")
st.title("This computer")
draw_who()
draw_system()

st.subheader("Trainings at once")
graphics = f"On each of the {count(len(gpus()), 'GPU')} one training runs at a time. " if gpus() else ""
st.markdown(
    f"{graphics}On the processor several can run side by side: they share it, so each takes longer. The others wait in the queue."
)


def keep() -> None:
    """Stores the number; what is wrong with it is said beside the field."""
    attempt(AT_ONCE, lambda: set_cpu_runs(runs_folder(), st.session_state[AT_ONCE] or 0))


st.number_input(
    f"Trainings at once on the processor (1 to {most_cpu_runs()})",
    value=cpu_runs(runs_folder()),
    step=1,
    format="%d",
    key=AT_ONCE,
    on_change=keep,
    width=340,
    disabled=not is_host(),
)
show_problem(AT_ONCE)

draw_disk()
