"""Other computers as the desk's files tell of them, written by hand, and runs that are there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from core.nodes.registry import Node, write_node
from core.runs.placement import Placement, write_placement
from core.runs.store import Run
from tests.pages.fake_runs import fake_run

AN_HOUR = 3600.0


def joined(runs_folder: Path, name: str = "lab-3", **facts: Any) -> Node:
    """A computer that is in touch, for an hour at most, as no desk writes on."""
    usual = {"cores": 4, "cpu_runs": 1, "speed": 1.0, "memory": 16_000_000_000, "system": "Linux"}
    now = time.time()
    node = Node(name=name, **{"joined": now - AN_HOUR, "seen": now, **usual, **facts})
    write_node(runs_folder, node)
    return node


def away(runs_folder: Path, name: str = "lab-3", **facts: Any) -> Node:
    """One that was heard of last an hour ago."""
    return joined(runs_folder, name, seen=time.time() - AN_HOUR, **facts)


def lost_run(runs_folder: Path, computer: str = "lab-3", epochs: int = 3, lost: float = 0.0) -> Run:
    """A run whose computer was lost while it trained; `lost`: Unix seconds, by default now."""
    run = fake_run(runs_folder, "interrupted", epochs)
    now = time.time()
    write_placement(run.folder, Placement(computer, 7, now - AN_HOUR, lost or now))
    return run
