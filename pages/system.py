"""Computer: what it is doing, how many trainings at once, and how much room the runs take."""

import streamlit as st

from core.errors import TrainDeskError
from core.paths import runs_folder
from core.workers.dispatch import cpu_runs, gpus, most_cpu_runs, set_cpu_runs
from pages.components.shell.header import open_page
from pages.components.shell.messages import show_error
from pages.components.shell.rights import draw_who, is_host
from pages.components.shell.wording import count
from pages.components.system.disk_panel import draw_disk
from pages.components.system.system_panel import draw_system

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
    st.session_state.pop("problem at once", None)
    try:
        set_cpu_runs(runs_folder(), st.session_state[AT_ONCE] or 0)
    except TrainDeskError as error:
        st.session_state["problem at once"] = str(error)


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
if problem := st.session_state.get("problem at once"):
    show_error(problem)

draw_disk()
