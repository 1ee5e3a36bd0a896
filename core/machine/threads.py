"""As many threads of a training as have a core of their own, while other programs keep some of them busy.

The threads of a step wait for the slowest of them again and again: two beside a busy core are several times slower than one.
"""

from __future__ import annotations

import math
import time

import psutil

from core.machine.cores import asked_for, other_runs

SHORTEST = 0.3  # seconds that are looked at, at least
LOOK = 2.0  # seconds from one look to the next
CALM = 3  # looks in a row that must find room before there are more threads again
LASTING = 5  # looks in a row with fewer threads before people are told


class OtherLoad:
    """How busy all other processes keep this computer's cores, from when this was made or asked last."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.cores()

    def cores(self) -> float:
        """So many cores' time, 0 where the system does not tell. What runs at a lower priority gives way to this process and does
        not count."""
        try:
            times, own, gives_way = psutil.cpu_times_percent(), self._process.cpu_percent(), self._process.nice() > 0
        except (psutil.Error, OSError):
            return 0.0
        idle = times.idle + getattr(times, "iowait", 0)
        if not gives_way:
            idle += getattr(times, "nice", 0)
        return max(0.0, (psutil.cpu_count() or 1) * (100 - idle) - own) / 100


class ThreadsByLoad:
    """The threads that torch computes on in this process: those it was given, fewer while others need the cores, more when runs
    that it shared them with have ended."""

    def __init__(self, load: OtherLoad, given: int, alone: int = 1, fixed: bool = False):
        """`given`: set already. `alone`: as many as it would have been given if no other run had trained; of more than `given`
        it takes an even share. It stays as it is when it is `fixed`, or what OMP_NUM_THREADS asks for."""
        self._load, self.given, self._used = load, given, given
        self._alone = alone
        self._is_fixed = fixed or max(given, alone) == 1 or bool(asked_for())
        self._due = time.monotonic() + SHORTEST
        self._calm = self._short = 0  # looks in a row: with room for more threads, with fewer than its share

    def follow(self) -> str:
        """Sets how many threads have room, if it is time to look again; the training loop asks between any two steps.

        Gives a sentence for people the first time that it has computed on fewer for so many looks, else "".
        """
        if self._is_fixed or (now := time.monotonic()) < self._due:
            return ""
        import torch

        self._due = now + LOOK
        busy, cores = self._load.cores(), psutil.cpu_count() or 1
        share = self._share()
        room = max(1, min(share, math.floor(cores - busy + 0.5)))
        if torch.get_num_threads() != self._used:  # what trains needs fewer, whoever else computes
            return ""
        self._calm = self._calm + 1 if room > self._used else 0
        if room < self._used or self._calm >= CALM:
            torch.set_num_threads(room)
            self._used, self._calm = room, 0
        if self._short < LASTING:
            self._short = self._short + 1 if self._used < share else 0
            if self._short == LASTING:
                return (
                    "What else works on this computer, such as a browser that draws charts or another run, keeps about "
                    f"{busy:.1f} of its {cores:,} cores busy, so this run computes on {self._used} of its {share} threads "
                    "meanwhile, which is faster than waiting; 'Repeatable' keeps all of them."
                )
        return ""

    def _share(self) -> int:
        return max(self.given, self._alone // (other_runs() + 1)) if self._alone > self.given else self.given
