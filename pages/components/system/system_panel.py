"""The computer's state as bars with the last two minutes beside them, what runs where, how much room runs take, and what can be
thrown away."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.files import folder_size
from core.paths import runs_folder
from core.runs.disk import disk_warning
from core.runs.example import listed_example
from core.runs.trash import deleted_runs, empty_trash
from core.text.numbers import UNKNOWN, bytes_in_words, fitting, percent
from core.workers.monitor import System, Usage
from pages.components.shell.fences import fenced
from pages.components.shell.histories import run_of, summaries, summary
from pages.components.shell.html_parts import html_table, sparkline, table_row
from pages.components.shell.links import anchor, run_page
from pages.components.shell.machine_watch import KEPT, REFRESH_SECONDS, watch
from pages.components.shell.messages import show_warning
from pages.components.shell.number_words import count, moment
from pages.components.shell.rights import is_host, place_of
from pages.components.shell.widgets import action

LARGEST = 5  # runs that are listed


@st.fragment(run_every=REFRESH_SECONDS)
def draw_system() -> None:
    """Bars, and the table of processes; drawn anew every two seconds."""
    with fenced("What this computer says of itself"):
        readings = watch().look()
        st.html(bars(readings))
        _processes(readings[-1])


def bars(readings: list[System]) -> str:
    """HTML: one row for the processor, the memory, the disk and each GPU."""
    now = readings[-1]
    rows = [
        _row(
            "Processor",
            now.processor,
            count(len(now.cores), "core") if now.cores else "",
            [r.processor for r in readings],
            "measuring ...",  # it is used by so much since the last reading
        ),
        _row(
            "Memory",
            now.memory_used / now.memory_total,
            f"{bytes_in_words(now.memory_used)} of {bytes_in_words(now.memory_total)}",
            [r.memory_used / r.memory_total for r in readings],
        ),
    ]
    if now.disk_free is not None and now.disk_total:
        rows.append(
            _row("Disk with the runs", 1 - now.disk_free / now.disk_total, f"{bytes_in_words(now.disk_free)} free", [])
        )
    for gpu in now.gpus:
        past = [r.gpus[gpu.index].use for r in readings if gpu.index < len(r.gpus)]
        facts = ["asleep" if gpu.sleeps else f"{gpu.temperature:.0f} °C" if gpu.temperature is not None else ""]
        facts.append(f"{gpu.power:.0f} W" if gpu.power is not None else "")
        rows.append(_row(f"GPU {gpu.index}: {gpu.name}", gpu.use, ", ".join(filter(None, facts)), past))
        if gpu.memory_used is not None and gpu.memory_total:
            words = f"{bytes_in_words(gpu.memory_used)} of {bytes_in_words(gpu.memory_total)}"
            rows.append(_row(f"Memory of GPU {gpu.index}", gpu.memory_used / gpu.memory_total, words, []))
        elif gpu.memory_total and not gpu.sleeps:
            rows.append(_row(f"Memory of GPU {gpu.index}", None, f"of {bytes_in_words(gpu.memory_total)}", []))
    return f'<ul class="meters" aria-label="This computer">{"".join(rows)}</ul>'


def _row(name: str, share: float | None, words: str, past: list[float | None], unknown: str = UNKNOWN) -> str:
    value = unknown if share is None else percent(share, 0)
    width = 0.0 if share is None else min(1.0, max(0.0, share)) * 100
    full = " full" if share is not None and share > 0.9 else ""
    return (
        f'<li class="{full.strip()}"><span class="name">{escape(name)}</span>'
        f'<span class="track" aria-hidden="true"><span class="fill" style="width:{width:.1f}%"></span></span>'
        f'<span class="share">{value}</span><span class="words">{escape(words)}</span>{_spark(past)}</li>'
    )


def _spark(past: list[float | None]) -> str:
    """The last two minutes as a line, newest at the right."""
    values = [value for value in past if value is not None]
    return sparkline(values, "", KEPT) or '<span class="spark"></span>'


def _processes(now: System) -> None:
    st.header("What is running")
    if not any(usage.is_run for usage in now.processes):
        st.markdown("No training is running. What TrainDesk itself uses:")
    gpu = any(usage.gpu_memory is not None for usage in now.processes)
    head = ["", "Processor", "Memory", *(["GPU memory"] if gpu else []), "Threads", "Since"]
    st.html(html_table(head, (_process(usage, gpu) for usage in now.processes)))


def _process(usage: Usage, gpu: bool) -> str:
    name = f"The {usage.what}" + (", ready for the next training" if usage.what == "waiting worker" else "")
    if usage.is_run:
        title = summary(run_of(usage.what)).title
        name = anchor(run_page(usage.what), title)
    cells = [
        "measuring ..." if usage.processor is None else f"{usage.processor:.1f} cores",
        bytes_in_words(usage.memory),
        *([UNKNOWN if usage.gpu_memory is None else bytes_in_words(usage.gpu_memory)] if gpu else []),
        f"{usage.threads}",
        moment(usage.since),
    ]
    return table_row(name, cells)


def draw_disk() -> None:
    """Sizes of all runs, the largest of them, and the trash."""
    st.header("Room on the disk")
    if warning := disk_warning(runs_folder()):
        show_warning(warning)
    example = listed_example(runs_folder())  # it lies elsewhere
    own = (run for run in summaries() if example is None or run.id != example.id)
    runs = sorted(own, key=lambda run: run.size, reverse=True)
    takes = f"{count(len(runs), 'run')} {fitting(len(runs), 'take')}"
    st.markdown(f"{takes} **{bytes_in_words(sum(run.size for run in runs))}** in `{place_of(runs_folder())}`.")
    if len(runs) > 1:
        with st.expander("The largest"):
            rows = (
                table_row(anchor(run_page(run.id), run.title), [bytes_in_words(run.size)]) for run in runs[:LARGEST]
            )
            st.html(html_table((), rows))
    draw_trash()


def draw_trash() -> None:
    """What lies in the trash, and the way to empty it."""
    deleted = deleted_runs(runs_folder())
    if not deleted:
        st.caption("The trash is empty.")
        return
    size = bytes_in_words(sum(folder_size(run.folder) for run in deleted))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{count(len(deleted), 'deleted run')} in the trash, {size}.")
        if not is_host():
            return
        with st.popover("Empty the trash", icon=":material/delete_forever:"):
            st.markdown(f"{count(len(deleted), 'run')} will be gone for good.")
            action("Yes, empty it", lambda: empty_trash(runs_folder()), type="primary", key="empty the trash")
