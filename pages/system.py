"""Computer: what it is doing, how many trainings at once, which others train, and how much room the runs take."""

import streamlit as st

from core.image_sets.bounds import BYTES, IMPORTS
from core.machine.torch_devices import problem_of_gpus
from core.paths import runs_folder
from core.runs.bounds import EXPERIMENTS, MOST, most_waiting, set_most_waiting
from core.text.numbers import bytes_in_words
from core.workers.dispatch import MOST_ON_GPU, cpu_runs, gpu_runs, gpus, most_cpu_runs, set_cpu_runs, set_gpu_runs
from pages.components.shell.fences import fenced
from pages.components.shell.header import open_page
from pages.components.shell.messages import attempt, show_problem, show_warning
from pages.components.shell.number_words import count
from pages.components.shell.rights import draw_who, is_host, is_shared
from pages.components.system.computers_view import draw_computers
from pages.components.system.sharing_view import draw_sharing
from pages.components.system.system_panel import draw_disk, draw_system

AT_ONCE, ON_GPU, WAITING = "trainings at once", "small trainings on a gpu", "waiting of a guest"

open_page("Computer")
st.title("This computer")
draw_who()
draw_system()

if sentence := problem_of_gpus():
    show_warning(sentence)

st.header("Trainings at once")
each = "On the GPU" if len(gpus()) == 1 else f"On each of the {count(len(gpus()), 'GPU')}"
graphics = (
    f"{each} one training runs at a time, or a few small ones of which it is known that they need little of its memory. "
    if gpus()
    else ""
)
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
if gpus():
    st.number_input(
        f"Small trainings at once on a GPU (1 to {MOST_ON_GPU})",
        value=gpu_runs(runs_folder()),
        step=1,
        format="%d",
        key=ON_GPU,
        on_change=attempt,
        args=(ON_GPU, lambda: set_gpu_runs(runs_folder(), st.session_state[ON_GPU] or 0)),
        width=340,
        disabled=not is_host(),
    )
    show_problem(ON_GPU)

draw_sharing()
draw_computers()

if is_shared() and is_host():
    st.header("Guests")
    st.number_input(
        f"Runs that each guest may have waiting (1 to {MOST:,})",
        value=most_waiting(runs_folder()),
        step=1,
        format="%d",
        key=WAITING,
        on_change=attempt,
        args=(WAITING, lambda: set_most_waiting(runs_folder(), st.session_state[WAITING] or 0)),
        width=340,
    )
    show_problem(WAITING)
    st.caption(
        f"Of experiments a guest may have {EXPERIMENTS} under way, of imports {IMPORTS}, and of pictures {bytes_in_words(BYTES)}."
    )

with fenced("The runs folder", runs_folder()):
    draw_disk()
