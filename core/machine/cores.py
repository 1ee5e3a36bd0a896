"""Shares of this computer: how many other runs train now, which GPUs they use, how many processor cores there are.

Every training marks what it uses with a lock file in the system's folder for temporary files. The system frees the lock
however the process ends. Where no such file can be kept, everything is as if nobody else were training.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from core.files import is_locked
from core.machine.posix import is_own, user

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds of processor time a period, and the period
_notice = True


def take_processor(marks: ExitStack) -> int:
    """Marks one more run as training on this computer until `marks` closes, and says how many others are."""
    return _take(["processor"], marks)[1]


def other_runs() -> int:
    """How many runs train on this computer beside the one of this process; 0 where that cannot be known."""
    try:
        return max(0, _users(lock_folder(), "processor") - 1) if _notice else 0
    except (OSError, NotImplementedError):
        return 0


def take_gpus(candidates: Sequence[str], marks: ExitStack, count: int = 1) -> list[str]:
    """Marks in one step the first so many of these GPUs that no run uses, until `marks` closes; when too many are in use, also
    those with the fewest runs.

    The names must mean the same GPU in every process (its UUID, not its number), and there must be so many.
    """
    taken = _take([f"gpu-{candidate}" for candidate in candidates], marks, count)[0]
    return [name.removeprefix("gpu-") for name in taken]


def users_of_gpu(name: str) -> int:
    """How many runs have marked a GPU, by the name that means the same in every process; 0 where that cannot be known."""
    try:
        return _users(lock_folder(), f"gpu-{name}")
    except (OSError, NotImplementedError):
        return 0


@contextlib.contextmanager
def unnoticed() -> Iterator[None]:
    """Inside, this process takes nothing and sees no other run: for a practice that must not slow a real run down."""
    global _notice
    _notice = False
    try:
        yield
    finally:
        _notice = True


def usable_cores() -> int:
    """Processor cores this process may keep busy, at least 1.

    OMP_NUM_THREADS if it is set; else the cores it is bound to, or fewer where a container's quota is below that:
    more threads than the quota would stand still for most of each period.
    """
    if asked := asked_for():
        return asked
    try:
        cores = len(psutil.Process().cpu_affinity() or ())
    except (AttributeError, psutil.Error):  # macOS binds no process
        cores = psutil.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # no such file, or "max" for no quota
        quota, period = map(int, QUOTA.read_text(encoding="ascii").split())
        cores = min(cores, math.ceil(quota / period))
    return max(1, cores)


def computing_cores() -> int:
    """The same for threads that do nothing but multiply: two that share one core's arithmetic, as with hyper-threading, count
    once."""
    return asked_for() or min(usable_cores(), psutil.cpu_count(logical=False) or usable_cores())


def asked_for() -> int:
    """Threads that OMP_NUM_THREADS asks for; 0 where it says nothing."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(wanted) if wanted.isdigit() else 0


def lock_folder() -> Path:
    """This user's folder of marks, made if it is missing. Raises OSError when it cannot be used."""
    folder = Path(tempfile.gettempdir()) / f"traindesk-{user()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if not is_own(folder):
        raise PermissionError(f"{folder} belongs to somebody else")
    return folder


def _take(things: list[str], marks: ExitStack, count: int = 1) -> tuple[list[str], int]:
    """Of these so many with the fewest users (the first of equals), and the number of other users of the last one."""
    if not _notice:
        return things[:count], 0
    try:
        folder = lock_folder()
        with FileLock(folder / "taking.lock", timeout=2):  # one at a time: looking at a mark means holding it a moment
            users = {thing: _users(folder, thing) for thing in things}
            taken = sorted(things, key=users.__getitem__)[:count]
            for thing in taken:
                marks.callback(_mark(folder, thing).release)
            return taken, users[taken[-1]]
    except (OSError, NotImplementedError):  # an unwritable or full disk, a disk without locks, 2 seconds without a turn
        return things[:count], 0


def _users(folder: Path, thing: str) -> int:
    return sum(is_locked(path) for path in folder.glob(f"{_file_name(thing)}.*.lock"))


def _mark(folder: Path, thing: str) -> FileLock:
    number = 0
    while True:
        lock = FileLock(folder / f"{_file_name(thing)}.{number}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
            return lock
        except Timeout:
            number += 1


def _file_name(thing: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "-", thing)
