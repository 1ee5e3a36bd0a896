"""The computers that have joined: a file for each in `.traindesk/nodes`, which the desk writes for pages and whoever places runs.

What people want of a computer (no new runs, be gone) lies beside it as an empty file, which the desk follows. Imports neither
torch nor distributed.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le, MaxLen

from core.errors import TrainDeskError
from core.files import remove_file
from core.runs.placement import Moment
from core.runs.workspace import NAME, workspace_folder
from core.settings.stored import KeptFiles, write_stored

LOST_SECONDS = 10.0  # without a word after which a computer counts as lost
MOST_RUNS = 1000  # at once on one computer
HERE = "here"  # how a person asks for this computer by name
NAMES = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Node:
    """What is known of a computer that has joined. Sizes are bytes, times Unix seconds."""

    name: str = ""
    address: str = ""  # from where it called last
    joined: Moment = 0.0
    seen: Moment = 0.0  # when it was heard of last, by the clock of the desk
    system: str = ""  # "Windows 11"
    cores: int = 0
    memory: int = 0
    memory_free: int = 0
    disk_free: int = 0
    gpus: Annotated[list[str], MaxLen(MOST_RUNS)] = field(
        default_factory=list
    )  # a config calls them cuda:0, cuda:1, ...
    cpu_runs: Annotated[int, Ge(0), Le(MOST_RUNS)] = 0  # trainings at once on its processor
    # how many times as fast as the desk it trained a small network when it joined; 0: not measured
    speed: Annotated[float, Ge(0), Le(1e6)] = 0.0
    runs: list[str] = field(default_factory=list)  # ids of those whose workers live there
    problem: str = ""  # one sentence, such as of a full disk

    @property
    def is_in_touch(self) -> bool:
        """Whether it was heard of a moment ago."""
        return abs(time.time() - self.seen) < LOST_SECONDS


_nodes = KeptFiles(Node)


def nodes(runs_folder: Path) -> list[Node]:
    """All that have joined and were not removed, by name. Never raises."""
    found = []
    with contextlib.suppress(OSError):
        files = set(os.listdir(folder := _folder(runs_folder)))
        names = [file.removesuffix(".json") for file in sorted(files) if file.endswith(".json")]
        for name in names:
            node = _nodes.read(f"{folder}/{name}.json") if NAMES.fullmatch(name) else None
            if node and node.name == name and f"{name}.removed" not in files:
                found.append(node)
    return found


def is_in_touch(runs_folder: Path, name: str) -> bool:
    """Whether a computer of this name has joined and was heard of a moment ago."""
    return any(node.name == name and node.is_in_touch for node in nodes(runs_folder))


def write_node(runs_folder: Path, node: Node) -> None:
    """Raises OSError, and TrainDeskError when the folder cannot be made."""
    write_stored(_made(runs_folder) / f"{checked(node.name)}.json", node, sync=False)


def takes_no_runs(runs_folder: Path, name: str) -> bool:
    """Whether a person said: no new runs here."""
    return (_folder(runs_folder) / f"{checked(name)}.closed").exists()


def set_takes_no_runs(runs_folder: Path, name: str, closed: bool) -> None:
    """Raises OSError, TrainDeskError."""
    path = _made(runs_folder) / f"{checked(name)}.closed"
    path.touch() if closed else remove_file(path)


def is_removed(runs_folder: Path, name: str) -> bool:
    """Whether a person took it out: the desk lets it in no more. Never raises."""
    return NAMES.fullmatch(name) is not None and (_folder(runs_folder) / f"{name}.removed").exists()


def remove_node(runs_folder: Path, name: str) -> None:
    """Takes a computer out; its certificate counts no more. Raises OSError, TrainDeskError."""
    (_made(runs_folder) / f"{checked(name)}.removed").touch()


def checked(name: str) -> str:
    """The name, if it is one. Raises TrainDeskError."""
    if not NAMES.fullmatch(name) or name == HERE:
        raise TrainDeskError(
            f"A computer cannot be called '{name[:40]}'; take 1 to 40 small letters, digits and hyphens, other than '{HERE}'."
        )
    return name


def _folder(runs_folder: Path) -> Path:
    return runs_folder / NAME / "nodes"


def _made(runs_folder: Path) -> Path:
    folder = workspace_folder(runs_folder) / "nodes"
    folder.mkdir(exist_ok=True)
    return folder
