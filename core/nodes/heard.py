"""What a computer says of itself, as the desk takes it down: of the right kinds, and no longer than need be."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from core.errors import TrainDeskError
from core.nodes.registry import Node
from core.settings.stored import stored_as

MOST_RUNS, MOST_GPUS, MOST_LETTERS = 1_000, 64, 300


def taken_down(name: str, facts: dict[str, Any], before: Node, problem: str) -> Node:
    """`name` is that of its certificate, `before` what was known of it; `problem` is one of the desk. Raises TrainDeskError."""
    try:
        said = stored_as(Node, facts)
    except (TypeError, ValueError, RecursionError):  # what no JSON can say
        raise TrainDeskError("What the computer said of itself cannot be read; install the same version.") from None
    return replace(
        said,
        name=name,
        address=said.address[:MOST_LETTERS],
        joined=before.joined or time.time(),
        seen=time.time(),
        system=said.system[:MOST_LETTERS],
        gpus=[gpu[:MOST_LETTERS] for gpu in said.gpus[:MOST_GPUS]],
        runs=[run_id[:MOST_LETTERS] for run_id in said.runs[:MOST_RUNS]],
        problem=(said.problem or problem)[:MOST_LETTERS],
    )
