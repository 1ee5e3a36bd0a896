"""Take it with you: a run's network as a page, a package or a script, and the run as a report or a file. Each is made by a
process of its own and kept for a while; the page shows whether it is there, is being made, or can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import streamlit as st

from core.datasets.own_images import OwnImages
from core.export.kept import Kept, find_kept, forget_old, place_for
from core.export.kinds import KINDS, Kind, not_offered
from core.files import read_json
from core.machine.cores import computing_cores
from core.machine.environment import worker_environment
from core.machine.questions import Question
from core.paths import data_folder, runs_folder
from core.privacy.access import LOCAL
from core.run_config import RunConfig
from core.runs.active_runs import active_runs
from core.runs.disk import bytes_in_words
from core.runs.store import Run
from core.sharing import current_authenticator
from core.workers.tasks import Task, TaskQueue
from pages.components.shell.downloads import download
from pages.components.shell.fences import run_fence
from pages.components.shell.gate import TAKEN
from pages.components.shell.histories import networks_in_words
from pages.components.shell.html_parts import code_for_phones
from pages.components.shell.links import jump
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.rights import may_change, visitor
from pages.components.shell.widgets import action, redrawn, steady

ANCHOR = "take-it-with-you"
OFFERED = ("page", "package", "script", "report", "run")  # the bare ONNX file is in the package
ICONS = dict(zip(OFFERED, ("web", "inventory_2", "code", "description", "save"), strict=True))
REFRESH_SECONDS = 0.5
REFRESH_SECONDS_AT_REST = 5.0  # of a run that trains: its first network is to come, or a better one
LONGEST = 1800.0  # seconds that one may take


PROGRESS = "progress.json"  # in the folder of the process


@dataclass(frozen=True)
class _Wanted:
    """One kind of file of one network of a run, as this visitor has chosen it."""

    run: Run
    kind: Kind
    which: str
    options: dict[str, Any]

    def place(self) -> Path:
        """Where it lies, or is to be made."""
        return place_for(self.run, runs_folder(), self.kind, self.which, **self.options)

    def task(self) -> Task | None:
        """What this visitor asked for last, also after the page was loaded anew."""
        return st.session_state.get(self._key()) or exports().of(f"{visitor()} {self._key()}")

    def begin(self) -> None:
        """Has it made; beside a training on one thread."""
        forget_old(runs_folder())
        place = self.place()
        env = {**worker_environment(), "OMP_NUM_THREADS": str(1 if active_runs(runs_folder()) else computing_cores())}

        def words(folder: Path) -> list[str]:
            place.parent.mkdir(parents=True, exist_ok=True)
            command = ["core", "export", self.run.id, self.kind.name, str(place), "--json", "--gently", "--keep"]
            command += [
                "--progress",
                str(folder / PROGRESS),
                "--data",
                str(data_folder()),
                "--runs",
                str(runs_folder()),
            ]
            command += ["--network", self.which] if self.which else []
            return [*command, *(f"--{option}" for option in self.options)]

        owner = f"{visitor()} {self._key()}"
        st.session_state[self._key()] = exports().begin(owner, str(place), lambda: Question(words, env))

    def _key(self) -> str:
        return " ".join(["take", self.kind.name, self.which, *self.options, "of", self.run.id])


@st.cache_resource(show_spinner=False)
def exports() -> TaskQueue:
    """Those of all visitors."""
    return TaskQueue("file", "try again, or take it along as something else", longest=LONGEST)


def jump_to_taking() -> None:
    """A way to where a run's network can be taken along, for the top of its page."""
    st.html(jump("Take it with you", ANCHOR), width="content")


def draw_taking(run: Run, config: RunConfig | None) -> None:
    """What the run can be taken along as; follows what is being made."""
    st.header("Take it with you", anchor=ANCHOR)
    which, pictures = _choices(run, config)
    if config and isinstance(config.dataset, OwnImages):
        st.caption(
            "The page and the package hold small copies of pictures that it learned from, of at most 32 pixels a side: by them "
            "it says what it does not know."
        )
    wanted = [
        _Wanted(run, kind, which if kind.of_network else "", {"pictures": True} if pictures and name == "run" else {})
        for name, kind in ((name, KINDS[name]) for name in OFFERED)
    ]
    redrawn(
        lambda: [each.task() for each in wanted],
        lambda tasks: [each.kind.name for each, task in zip(wanted, tasks, strict=True) if task and task.is_running()],
        lambda tasks: _draw(wanted, tasks),
        REFRESH_SECONDS,
        REFRESH_SECONDS_AT_REST if run.status().will_change else None,
    )


def _choices(run: Run, config: RunConfig | None) -> tuple[str, bool]:
    """Which network, where there are several, and whether the run's file has the pictures."""
    networks, which, pictures = networks_in_words(run), "", False
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if len(networks) > 1:
            key = f"taken network {run.id}"
            steady(key, networks, lambda: next(iter(networks)))
            which = st.selectbox("Network", list(networks), key=key, format_func=networks.__getitem__, width=340)
        if config and isinstance(config.dataset, OwnImages) and may_change(run):
            help = (
                "The file can then be trained further elsewhere. It is larger, and whoever gets it gets the pictures."
            )
            pictures = st.toggle("Put the pictures into the file of the run", key=f"with pictures {run.id}", help=help)
    return which, pictures


def _draw(wanted: Sequence[_Wanted], tasks: Sequence[Task | None]) -> None:
    for each, task in zip(wanted, tasks, strict=True):
        with run_fence(each.run, f"taken {each.kind.name}", is_page=True):
            _draw_one(each, task)


def _draw_one(wanted: _Wanted, task: Task | None) -> None:
    run, kind = wanted.run, wanted.kind
    why = not_offered(kind, run)
    place, is_running = wanted.place(), task is not None and task.is_running()
    kept = None if is_running else find_kept(place) or (find_kept(Path(task.of)) if task else None)
    with st.container(border=True, key=f"take-{kind.name}-{run.id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(width="content", gap=None):
                st.markdown(f":material/{ICONS[kind.name]}: **{kind.title}**")
                st.caption(kind.says)
            with st.container(horizontal=True, width="content", vertical_alignment="center", gap="xsmall"):
                if kept:
                    _draw_kept(run, kind, kept)
                if task and is_running:
                    action("Cancel", partial(exports().end, task), key=f"cancel {kind.name} {run.id}")
                elif kind.of_network and not run.checkpoint():
                    st.caption("As soon as its first epoch is done.")
                elif not why and (not kept or kept.file.parent != place.parent):  # or made of an earlier state
                    label = "Make it anew" if kept else "Make it"
                    action(label, wanted.begin, icon=":material/arrow_forward:", key=f"make {kind.name} {run.id}")
        if why:
            st.caption(why)
        if kept and (said := kept.facts.get("sentence")):
            st.caption(f":material/verified: {plain_markdown(said)}")
        elif not kept:
            _draw_progress(task)


def _draw_kept(run: Run, kind: Kind, kept: Kept) -> None:
    label = f"Save {kept.file.suffix} ({bytes_in_words(kept.facts.get('bytes', 0))})"
    download(label, lambda: kept.file, kept.file.name, f"save {kind.name} {run.id}", is_primary=True)
    if kind.name == "page" and (authenticator := current_authenticator()) is not None:
        with st.popover(
            "Send to a phone", icon=":material/qr_code_2:", key=f"send {run.id}", on_change="rerun"
        ) as place:
            if place.open:
                _draw_code(address_for_others(TAKEN + quote(authenticator.pass_for(kept.file.parent.name))))


def _draw_code(url: str) -> None:
    """The address of a page as a code that phones read, and in letters."""
    st.html(code_for_phones(url))
    st.caption(
        "For a day, and for whoever sees it. The phone must be in this network to load the page; then it works without."
    )
    st.code(url, language=None, wrap_lines=True)


def address_for_others(path: str) -> str:
    """The address of something on this server as others in the network reach it."""
    here = urlsplit(st.context.url or "")
    host = here.netloc
    if (here.hostname or "") in LOCAL:
        host = f"{st.get_option('browser.serverAddress')}:{here.port or st.get_option('server.port')}"
    return f"{here.scheme or 'http'}://{host}{path}"


def _draw_progress(task: Task | None) -> None:
    if task and task.is_running():
        said = _progress(task)
        waits = exports().before(task)
        words = (
            f"Waits for {count(waits, 'file')} of others" if waits else f"{said.get('words') or 'Getting ready'} ..."
        )
        st.progress(min(1.0, max(0.0, float(said.get("share") or 0.0))), plain_markdown(words))
    elif task and task.problem:
        show_error(task.problem)


def _progress(task: Task) -> dict[str, Any]:
    said = read_json(task.question.folder / PROGRESS) if task.question else None
    return said if isinstance(said, dict) else {}
