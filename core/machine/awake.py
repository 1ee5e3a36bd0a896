"""A computer that does not fall asleep while a run trains or the queue is served, though nobody touches it.

Only sleep for want of anybody at the keyboard is kept off: the screen still goes dark, and a closed lid or the person's own
word still sends the computer to sleep. TRAINDESK_AWAKE=0 leaves all of it to the system.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from core.machine.processes import end_child, start

SYSTEMD = Path("/run/systemd/system")  # is there where systemd runs the computer
ES_CONTINUOUS, ES_SYSTEM_REQUIRED = 0x80000000, 0x00000001  # of SetThreadExecutionState, in force until the thread ends


@contextlib.contextmanager
def awake(why: str) -> Iterator[None]:
    """Inside, and no longer than this process lives, the computer stays awake; `why` is for people who ask the system.

    What goes wrong is one line on standard error.
    """
    with contextlib.ExitStack() as held:
        if os.environ.get("TRAINDESK_AWAKE") != "0":
            try:
                _hold(held, why)
            except (OSError, AttributeError) as error:
                print(f"The computer may fall asleep meanwhile ({error}).", file=sys.stderr, flush=True)
        yield


def _hold(held: contextlib.ExitStack, why: str) -> None:
    if sys.platform == "win32":
        import ctypes

        state = ctypes.windll.kernel32.SetThreadExecutionState
        if not state(ES_CONTINUOUS | ES_SYSTEM_REQUIRED):
            raise OSError("SetThreadExecutionState was refused")
        held.callback(state, ES_CONTINUOUS)
    elif sys.platform == "darwin":
        _beside(held, ["caffeinate", "-i", "-w", str(os.getpid())])
    elif SYSTEMD.is_dir() and (inhibit := shutil.which("systemd-inhibit")):
        # it lasts as long as the other end of cat's input, which is ours alone
        _beside(held, [inhibit, "--what=idle:sleep", "--who=TrainDesk", f"--why={why}", "--mode=block", "cat"])


def _beside(held: contextlib.ExitStack, command: list[str]) -> None:
    """Runs it as long as that is held. Why it cannot do its work it says itself, on our standard error."""
    child = start(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    held.callback(_let_go, child)


def _let_go(child: subprocess.Popen) -> None:
    end_child(child)
    child.communicate()
