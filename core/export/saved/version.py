"""Which TrainDesk this is."""

from __future__ import annotations

import contextlib
import tomllib

from core.paths import HOME

UNKNOWN = "unknown"


def program_version() -> str:
    """As the project's own file has it: "0.1.0"; "unknown" where that file is not beside the program."""
    with contextlib.suppress(OSError, tomllib.TOMLDecodeError, KeyError):
        return str(tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    return UNKNOWN
