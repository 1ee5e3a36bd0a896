"""Other computers that train runs of this one: which have joined, what each has and does, and what the host wants of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from core.errors import TrainDeskError
from core.nodes.registry import Node, nodes, remove_node, set_takes_no_runs, takes_no_runs
from core.paths import runs_folder
from core.runs.placement import placement_of
from core.runs.store import Run
from core.text.numbers import UNKNOWN, bytes_in_words, fitting
from pages.components.shell.fences import fenced
from pages.components.shell.histories import run_of, summary
from pages.components.shell.html_parts import html_table, table_row
from pages.components.shell.links import anchor, run_page
from pages.components.shell.machine_watch import REFRESH_SECONDS
from pages.components.shell.number_words import count, facts, moment, plain_markdown
from pages.components.shell.rights import is_host
from pages.components.shell.widgets import action, paged
from pages.components.system.joining import draw_joining

SHOWN = 20  # computers at a time
ALONE = "All runs train on this computer. Others of the room can train some of them, watched and steered from here."


def draw_computers() -> None:
    """The whole section: how many there are, for the host the way to add one, and the list."""
    st.header("Other computers", anchor="computers")
    _draw_sentence()
    if is_host():
        with fenced("What lets computers join"):
            draw_joining()
    _draw_list()


@st.fragment(run_every=REFRESH_SECONDS)
def _draw_sentence() -> None:
    st.markdown(in_one_sentence(nodes(runs_folder())))


@st.fragment(run_every=REFRESH_SECONDS)
def _draw_list() -> None:
    with fenced("The list of other computers"):
        found = sorted(nodes(runs_folder()), key=_by_number)
        if found and is_host():
            first = paged(len(found), SHOWN, "computers")
            for node in found[first : first + SHOWN]:
                with fenced(f"What is known of the computer {node.name}"):
                    _draw_node(node)
        elif found:
            st.html(html_table((), (_row(node) for node in found)))


def _by_number(node: Node) -> list[tuple[bool, int, str]]:
    """For an order in which lab-2 comes before lab-10."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", node.name)]


def in_one_sentence(found: Sequence[Node]) -> str:
    """How many there are, are in touch and train, as Markdown."""
    if not found:
        return ALONE
    there = [node for node in found if node.is_in_touch]
    training = sum(len(_runs(node)) for node in there)
    touch = "in touch" if len(there) == len(found) else f"{len(there):,} of them in touch"
    trains = f"{count(training, 'run')} {fitting(training, 'train')} there" if training else "no run trains there now"
    return f"{count(len(found), 'other computer')}, {touch}; {trains}."


def _draw_node(node: Node) -> None:
    folder = runs_folder()
    is_closed = takes_no_runs(folder, node.name)
    with st.container(border=True, key=f"computer {node.name}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                st.markdown(f"**{plain_markdown(node.name)}**")
                if node.is_in_touch:
                    st.badge("in touch", color="green")
                else:
                    st.badge(plain_markdown(f"not heard of since {moment(node.seen)}"), color="red")
                if is_closed:
                    st.badge("takes no new runs", color="gray")
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                action(
                    "New runs here again" if is_closed else "No new runs here",
                    partial(_follow, lambda: set_takes_no_runs(folder, node.name, not is_closed)),
                    key=f"new runs {node.name}",
                )
                _draw_removal(node)
        st.html(facts(node_facts(node), small=True))
        if runs := _runs(node):
            st.html(f'<p class="trains">{"Trains" if node.is_in_touch else "Was training"} {_links(runs)}.</p>')
        if node.problem:
            st.caption(f":orange[:material/warning:] {plain_markdown(node.problem)}")


def _draw_removal(node: Node) -> None:
    with st.popover("Remove", icon=":material/link_off:", key=f"remove {node.name}"):
        st.markdown(
            f"**{plain_markdown(node.name)}** is let in no more, and can come back only with a new join file. "
            + training_words(len(_runs(node)))
        )
        label = "Yes, remove it"
        action(
            label, partial(_follow, lambda: remove_node(runs_folder(), node.name)), f"gone {node.name}", type="primary"
        )


def training_words(runs: int) -> str:
    """What becomes of so many runs of a computer that is removed."""
    if not runs:
        return "It trains nothing now."
    them = fitting(runs, "them")
    return (
        f"{count(runs, 'run')} {fitting(runs, 'train')} there: what has arrived here stays, and you can resume {them} "
        "here or elsewhere from the last checkpoint."
    )


def node_facts(node: Node) -> list[tuple[str, str, str]]:
    """(label, value, addition) of what it has; what changes by the second is unknown of one that is not in touch."""
    now = node.is_in_touch
    once = count(len(node.gpus), "GPU")
    return [
        ("Cores", f"{node.cores:,}" if node.cores else UNKNOWN, ""),
        ("Memory free", bytes_in_words(node.memory_free) if now else UNKNOWN, f"of {bytes_in_words(node.memory)}"),
        ("GPUs", *_gpu_words(node.gpus)),
        ("Disk free", bytes_in_words(node.disk_free) if now else UNKNOWN, ""),
        ("Trainings at once", f"{node.cpu_runs + len(node.gpus):,}", f"one on each of {once}" if node.gpus else ""),
        ("Speed", f"{node.speed:.{1 if node.speed < 9.95 else 0}f} ×" if node.speed else UNKNOWN, "this computer's"),
        ("Joined", moment(node.joined), node.system),
    ]


def _gpu_words(gpus: Sequence[str]) -> tuple[str, str]:
    kinds = list(dict.fromkeys(gpus))
    return (f"{len(gpus):,}" if gpus else "none"), ", ".join(kinds)


def _runs(node: Node) -> list[Run]:
    """Those that it says it trains and that lie here. It is another computer: a name of theirs is no path."""
    runs = [run_of(run_id) for run_id in node.runs if run_id.strip(".") and not {"/", "\\"} & {*run_id}]
    return [run for run in runs if run.is_here()]


def _links(runs: Sequence[Run]) -> str:
    """HTML of links to the runs, each with since when it is there."""
    return ", ".join(f"{anchor(run_page(run.id), summary(run).title)}{escape(_since(run))}" for run in runs)


def _since(run: Run) -> str:
    since = placement_of(run.folder).since
    return f" (since {moment(since)})" if since else ""


def _row(node: Node) -> str:
    """HTML of what a guest sees of it: its name, whether it is there, what it trains."""
    touch = "in touch" if node.is_in_touch else f"not heard of since {moment(node.seen)}"
    trains = f"trains {_links(_runs(node))}" if _runs(node) and node.is_in_touch else "trains nothing now"
    return table_row(f'{escape(node.name)} <span class="trains">{trains}</span>', [touch])


def _follow(work: Callable[[], None]) -> None:
    """Does what was asked of a computer. Raises TrainDeskError."""
    try:
        work()
    except OSError as error:
        raise TrainDeskError(
            f"What you want of this computer could not be noted ({error.strerror}); check the runs folder {runs_folder()}."
        ) from error
