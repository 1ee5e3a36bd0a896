"""What people do with runs in lists and on their pages: name them, say something about them, throw them away and undo that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.export.metrics import as_csv, as_parquet, mlflow_uri, to_mlflow, to_tensorboard
from core.files import folder_size
from core.paths import runs_folder
from core.runs.disk import forget_last
from core.runs.example import example, hide, is_hidden
from core.runs.history import History
from core.runs.metadata import LONGEST_NOTE, LONGEST_TITLE, add_tags, change_metadata, read_metadata, title_of
from core.runs.store import Run
from core.runs.trash import delete_run, deleted_runs, restore_run
from core.text.numbers import bytes_in_words
from pages.components.shell.downloads import download
from pages.components.shell.histories import SharedHistory, shared_history
from pages.components.shell.links import COMPUTER, Place, page_link, switch_page
from pages.components.shell.messages import attempt, set_problem, show_error, show_problem
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.rights import is_host, may_change, place_of
from pages.components.shell.setting_words import in_short, read_config
from pages.components.shell.start import go_on
from pages.components.shell.widgets import action, pressed

DELETED, HERE = "just deleted", "managing"


def draw_labels_form(run: Run) -> None:
    """Title, note and tags of one run, kept by a button."""
    metadata = read_metadata(run)
    config, _ = read_config(run)
    with st.form(f"labels {run.id}", border=False):
        title = st.text_input("Title", title_of(run, config), max_chars=LONGEST_TITLE, key=f"title {run.id}")
        note = st.text_area("Note", metadata.note, max_chars=LONGEST_NOTE, key=f"note {run.id}")
        tags = st.text_input("Tags, separated by commas", ", ".join(metadata.tags), key=f"tags {run.id}")
        if pressed("Keep", f"keep {run.id}", st.form_submit_button, type="primary"):
            named = "" if config and title.strip() in (config.title, in_short(config)) else title
            if attempt(HERE, lambda: change_metadata(run, title=named, note=note, tags=tags.split(","))):
                st.rerun()
            show_problem(HERE, once=True)


@st.dialog("Name, note and tags")
def open_labels(run: Run) -> None:
    """Title, note and tags of one run."""
    draw_labels_form(run)


@st.dialog("Add a tag")
def open_tags(runs: Sequence[Run]) -> None:
    """One tag more for several runs."""
    tag = st.text_input(f"Tag for {count(len(runs), 'run')}", key="tag for several")
    if pressed("Add it", type="primary", key="add the tag") and tag.strip():
        if all([attempt(HERE, partial(add_tags, run, [tag])) for run in runs]):
            st.rerun()
        show_problem(HERE, once=True)


def favourite_button(runs: Sequence[Run]) -> None:
    """Makes them favourites, or none any more when all are."""
    if not all(map(may_change, runs)):
        return
    are = all(read_metadata(run).favourite for run in runs)
    key = f"favourite {' '.join(run.id for run in runs)}"
    if pressed("No favourite" if are else "Favourite", icon=":material/star:", key=key):
        for run in runs:
            attempt(HERE, partial(change_metadata, run, favourite=not are))
        st.rerun()


def resume_all(runs: Sequence[Run]) -> None:
    """Has them go on, now or when there is room."""
    set_problem(HERE, "")
    for run in runs:
        attempt(HERE, partial(go_on, run), keep=True)


def draw_files(run: Run) -> None:
    """Where a run lies, how much room it takes, and keeping only its best network."""
    with st.expander("Files of this run"):
        st.markdown(f"`{place_of(run.folder)}` takes {bytes_in_words(folder_size(run.folder))}.")
        if run.last.is_file() and run.best.is_file() and not run.status().will_change and may_change(run):
            st.caption(
                "The last state is needed only to resume the training or to train it longer; the best one answers."
            )
            keep = partial(forget_last, run)
            action("Keep only the best network", keep, icon=":material/compress:", key=f"forget last {run.id}")


def draw_exports(run: Run) -> None:
    """The run's metrics for other programs."""
    with st.expander("Take its metrics elsewhere"):
        history = shared_history(run)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            for kind, make in (("csv", as_csv), ("parquet", as_parquet)):
                label = kind.upper() if kind == "csv" else "Parquet"
                download(label, partial(_made, make, history), f"{run.id}.{kind}", f"{kind} {run.id}")
            if (
                may_change(run)
                and not run.status().is_active
                and pressed("Write TensorBoard files", key=f"tensorboard {run.id}")
            ):
                st.session_state[f"exported {run.id}"] = ""
                if attempt(HERE, lambda: to_tensorboard(run)):
                    st.session_state[f"exported {run.id}"] = str(run.folder)
                show_problem(HERE, once=True)
        if st.session_state.get(f"exported {run.id}"):
            st.markdown("Written. See all runs with:" if is_host() else "Written into the run's folder.")
        if st.session_state.get(f"exported {run.id}") and is_host():
            st.code(f"tensorboard --logdir {runs_folder()}", language=None)
        if not is_host():
            return  # it writes to any folder and talks to any computer that the host can reach
        with st.form(f"mlflow {run.id}", border=False):
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                place = st.text_input(
                    "MLflow's folder or address",
                    str(runs_folder().parent / "mlflow"),
                    key=f"mlflow place {run.id}",
                    width=320,
                )
                asked = pressed("Send to MLflow", f"to mlflow {run.id}", st.form_submit_button)
            if asked and not place.strip():
                show_error("MLflow's place is empty; type a folder, or the address of a server.")
            elif asked:
                with st.spinner("Sending ..."):
                    done = attempt(HERE, lambda: to_mlflow(run, place.strip()))
                if done:
                    st.markdown("It is in MLflow now. See it with:")
                    st.code(f"mlflow ui --backend-store-uri {mlflow_uri(place.strip())}", language=None)
                show_problem(HERE, once=True)


def _made(make: Callable[[History], bytes], history: SharedHistory) -> bytes:
    return make(history.update())


def delete_button(runs: Sequence[Run], then: Place | None = None) -> None:
    """Throws them into the trash; `then` is where to go afterwards. What was thrown away can be had back at once."""
    if all(map(may_change, runs)) and pressed(
        "Delete", icon=":material/delete:", key=f"delete {' '.join(run.id for run in runs)}"
    ):
        set_problem(HERE, "")
        st.session_state[DELETED] = [run.id for run in runs if attempt(HERE, partial(delete_run, run), keep=True)]
        if then and st.session_state[DELETED]:
            switch_page(then)
        st.rerun()


def draw_example_choice() -> None:
    """One click hides the example from the lists, another shows it again."""
    came_along = example()
    if came_along is None or not is_host():
        return
    hidden = is_hidden(runs_folder())
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"The example that comes with TrainDesk is {'hidden' if hidden else 'the last of the list'}.")
        icon = ":material/visibility:" if hidden else ":material/visibility_off:"
        label = "Show the example" if hidden else "Hide the example"
        action(label, lambda: hide(runs_folder(), not hidden), icon=icon, type="tertiary", key="example")


def draw_undo() -> None:
    """What was deleted a moment ago, with the way back; and why something could not be done."""
    show_problem(HERE, once=True)
    here = {run.id: run for run in deleted_runs(runs_folder())}
    ids = [run_id for run_id in st.session_state.get(DELETED, []) if run_id in here]
    if not ids:
        return
    what = plain_markdown(_name(here[ids[0]])) if len(ids) == 1 else count(len(ids), "run")
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo"):
        st.markdown(f"{what} was moved to the trash." if len(ids) == 1 else f"{what} were moved to the trash.")
        if pressed("Undo", icon=":material/undo:", type="primary", key="undo delete"):
            for run_id in ids:
                attempt(HERE, partial(restore_run, run_id, runs_folder()))
            st.session_state[DELETED] = []
            st.rerun()


def draw_deleted() -> None:
    """The trash, each run with the way back."""
    runs = [run for run in deleted_runs(runs_folder()) if may_change(run)]
    if not runs:
        return
    with st.expander(f"Deleted runs ({len(runs)})", icon=":material/delete:"):
        for run in runs:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                back = partial(restore_run, run.id, runs_folder())
                action("Restore", back, icon=":material/undo:", key=f"restore {run.id}")
                st.markdown(plain_markdown(_name(run)))
                st.caption(bytes_in_words(folder_size(run.folder)))
        if is_host():
            page_link(COMPUTER, label="Empty the trash on the page of the computer")


def _name(run: Run) -> str:
    return title_of(run, read_config(run)[0])
