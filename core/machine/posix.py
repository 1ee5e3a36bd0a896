"""What Linux and macOS do in their own way, and what Windows does instead: nothing else in the program asks for either.

The rest of the program uses what all three have. There are two differences that it must know of: a process of Windows hears no
signal of another one, so whoever wants it to end in good order leaves a request in its folder; and there no program takes the
place of another, so the one that starts another waits for it. Imports nothing that has to be installed before it is needed.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OOM_COUNTERS = (
    Path("/proc/vmstat"),
    Path("/sys/fs/cgroup/memory.events"),
)  # of Linux, each with a line "oom_kill NUMBER"
AMD_DRIVER = Path("/dev/kfd")  # of Linux, that PyTorch for ROCm uses


def apart() -> dict[str, Any]:
    """Options of Popen for a process that outlives this one: no Ctrl-C of this terminal reaches it, and it opens no window.

    DETACHED_PROCESS would have a console program open one as soon as it starts another.
    """
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def windowless() -> dict[str, Any]:
    """Options of Popen for a process of which nobody sees anything: Windows would open a window if there is none here."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {}


def run_in_place(command: list[str], env: Mapping[str, str] | None = None) -> int:
    """Goes on as another program, with this environment: on Windows as one that is waited for, and whose exit status this is.

    Ctrl-C reaches both there; what follows it is that program's business. Raises OSError.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if sys.platform != "win32":
        os.execve(command[0], command, dict(env or os.environ))
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen(command, env=env) as program:
            return program.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def begin_anew_in(env: Mapping[str, str], module: str) -> None:
    """Starts `python -m` this very program again with what its environment lacks of this: some libraries read it when a process
    starts. Those of Windows read it later, so there it is enough to set it."""
    if sys.platform == "win32":
        os.environ.update(env)
    elif not set(env) <= set(os.environ):
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], dict(env))


def tell_to_end(pid: int) -> bool:
    """Tells a process to end in good order (SIGTERM). False where it cannot be told so, or is gone."""
    if sys.platform == "win32":  # what is called so there ends it in the middle of its work
        return False
    import psutil

    with contextlib.suppress(psutil.Error):
        psutil.Process(pid).terminate()
        return True
    return False


def read_input(number: int = 0, most: int = 4096) -> bytes:
    """What comes next in a pipe, at most so many bytes; b"" at its end.

    On Windows nothing waits in the pipe itself: libraries look at standard input when they are loaded, and a look waits behind
    a read that waits, so that `import torch` would never end (github.com/numpy/numpy/issues/24290).
    """
    if sys.platform == "win32":
        import _winapi
        import msvcrt

        try:
            while not _winapi.PeekNamedPipe(msvcrt.get_osfhandle(number), 0)[0]:
                time.sleep(0.05)
        except BrokenPipeError:
            return b""
        except OSError:  # no pipe
            pass
    return os.read(number, most)


def be_gentle(steps: int) -> None:
    """Has this process leave the processor to others: so many steps of `nice` of 19, on Windows below the usual."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else steps)


def peak_bytes() -> int:
    """The most memory that this process has used so far."""
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux KiB


def user() -> str:
    """Who runs this process, as a part of a file's name."""
    if sys.platform == "win32":
        return re.sub(r"\W+", "-", getpass.getuser())
    return str(os.getuid())


def is_own(folder: Path) -> bool:
    """Whether a folder is a real one of this user. On Windows the folder for temporary files is each user's own."""
    return not folder.is_symlink() and (sys.platform == "win32" or folder.stat().st_uid == os.getuid())
