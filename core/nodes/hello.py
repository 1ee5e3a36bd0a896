"""What two computers must have in common before one trains for the other: the program, Python and torch."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from core.paths import HOME

TITLES = {"python": "Python", "torch": "torch", "code": "version of TrainDesk"}
REMEDIES = {
    "python": "install the same on both",
    "torch": "install the same on both",
    "code": "copy TrainDesk's folder from the desk to this computer, or update both",
}


def own_versions() -> dict[str, str]:
    """Those of this computer. Imports no torch."""
    return {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "torch": _torch(), "code": code_hash()}


def difference(desk: dict[str, str], node: dict[str, str]) -> str:
    """Why a computer with these versions cannot train for that desk, as one sentence; empty when it can."""
    for what, title in TITLES.items():
        here, there = str(node.get(what, ""))[:40], desk[what]
        if here != there:
            return f"This computer has {title} {here or 'unknown'} and the desk has {there}; {REMEDIES[what]}."
    return ""


@cache
def code_hash() -> str:
    """The first letters of a digest of the program's code, however its lines end."""
    digest = hashlib.sha256()
    for path in sorted((HOME / "core").rglob("*.py"), key=lambda path: path.relative_to(HOME).as_posix()):
        digest.update(path.relative_to(HOME).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:12]


def _torch() -> str:
    """Its version without what it was built for: a desk without a GPU may have a computer with one."""
    try:
        return version("torch").partition("+")[0]
    except PackageNotFoundError:
        return ""
