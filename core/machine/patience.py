"""Windows lets nobody replace, move or remove a file that anyone has open or mapped: what it refuses is tried again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
WINDOWS = os.name == "nt"
IN_USE = (32, 33, 1224)  # errors of Windows: open elsewhere, locked, mapped into memory
# access denied, a folder that is not empty, a file that is being removed: so until whoever has it open closes it, or for good
MAY_BE_IN_USE = (*IN_USE, 5, 145, 303)
PATIENCE = 2.0  # seconds for others to close a file that they read
READERS_PATIENCE = 0.25  # seconds; a file is out of reach only while it is replaced
STEP = 0.02  # seconds between two tries
pause = time.sleep


def patiently(act: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What `act` returns; refused because somebody may have the file open, it is tried again for so many seconds.

    Raises what `act` raises.
    """
    while True:
        try:
            return act()
        except OSError as error:
            if seconds <= 0 or not may_be_in_use(error):
                raise
        pause(STEP)
        seconds -= STEP


def may_be_in_use(error: OSError) -> bool:
    """Whether the same may go well as soon as somebody has closed a file."""
    code = getattr(error, "winerror", None)  # none of `open`
    return WINDOWS and (code in MAY_BE_IN_USE if code else isinstance(error, PermissionError))


def is_in_use(error: OSError) -> bool:
    """Whether a file was refused because somebody has it open, and for no other reason."""
    return getattr(error, "winerror", None) in IN_USE
