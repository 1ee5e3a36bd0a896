"""Questions about a config that need torch, asked of a process of its own: the dashboard does not load torch to show a page."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from core.paths import HOME
from core.workers.launch import worker_environment

LONGEST = 120.0  # seconds that an answer may take; most take 2


def ask_core(command: str, config: str, *more: str) -> dict[str, Any] | None:
    """What `python -m core COMMAND --config ... --json` says of a config in JSON; None when it says nothing.

    A refusal is {"error": sentence}.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="traindesk-") as folder:
            file = Path(folder, "config.json")
            file.write_text(config, encoding="utf-8")
            done = subprocess.run(
                [sys.executable, "-m", "core", command, "--config", str(file), "--json", *more],
                cwd=HOME,
                env=worker_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LONGEST,
            )
        answer = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return answer if isinstance(answer, dict) else None
