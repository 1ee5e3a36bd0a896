"""What a computer says of itself to its desk: the fields of `registry.Node` that it alone can know. Imports no torch."""

from __future__ import annotations

import contextlib
import platform
import shutil
import time
from pathlib import Path
from typing import Any

import psutil

from core.machine.cores import usable_cores
from core.machine.devices import accelerators
from core.nodes.leaving import why_it_leaves
from core.nodes.speed import own_speed
from core.runs.disk import disk_problem

FRESH = 5.0  # seconds for which what is free of memory and disk is not looked at again


class Facts:
    """Of this computer; what never changes is looked at once."""

    def __init__(self, runs_folder: Path, cpu_runs: int):
        """`cpu_runs`: trainings at once on its processor."""
        self._runs_folder, self._looked = runs_folder, 0.0
        self._said: dict[str, Any] = {
            "system": f"{platform.system()} {platform.release()}",
            "cores": usable_cores(),
            "memory": psutil.virtual_memory().total,
            "cpu_runs": cpu_runs,
        }

    def __call__(self) -> dict[str, Any]:
        """As they are now: sizes in bytes, `speed` in epochs a second, `problem` as a sentence."""
        if time.monotonic() - self._looked > FRESH:
            self._looked = time.monotonic()
            self._said |= {"memory_free": psutil.virtual_memory().available, "speed": own_speed(self._runs_folder)}
            self._said["gpus"] = [each.words for each in accelerators()]  # torch may have been asked meanwhile
            self._said["problem"] = disk_problem(self._runs_folder) or ""
            with contextlib.suppress(OSError):
                self._said["disk_free"] = shutil.disk_usage(self._runs_folder).free
        leaves = why_it_leaves(self._runs_folder)
        return self._said | ({"problem": leaves} if leaves else {})
