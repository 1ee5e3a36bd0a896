"""Questions about a config that need torch, asked of a process of its own: the dashboard does not load torch to show a page."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from core.machine.environment import worker_environment
from core.machine.questions import Question

LONGEST = 120.0  # seconds that an answer may take; most take 2
MOST = threading.BoundedSemaphore(2)  # at once, for all visitors: each loads torch


def question(command: str, config: str, *more: str) -> Question:
    """Begins `python -m core COMMAND --config ... --json` on a config in JSON. Raises OSError."""

    def words(folder: Path) -> list[str]:
        file = folder / "config.json"
        file.write_text(config, encoding="utf-8")
        return ["core", command, "--config", str(file), "--json", *more]

    return Question(words, worker_environment())


def ask_core(command: str, config: str, *more: str) -> dict[str, Any] | None:
    """What it says; None when it says nothing. A refusal is {"error": sentence}."""
    try:
        with MOST, question(command, config, *more) as asked:
            return asked.answer(LONGEST)
    except OSError:
        return None
