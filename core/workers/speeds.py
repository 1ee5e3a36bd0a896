"""How fast each computer trains runs of a kind: as those trained there did, else by what was measured when it joined."""

from __future__ import annotations

import functools
import math
import os
import re
from itertools import islice
from pathlib import Path
from statistics import median

from core.errors import TrainDeskError
from core.run_config import RunConfig
from core.runs.placement import placement_of
from core.runs.store import Run, list_runs

LOOKED_BACK = 300  # runs that have begun, the newest
TAIL = 8_000  # bytes at the end of a log, a few dozen lines
RATE = re.compile(rb'"images_per_second":([0-9.e+-]+)')
MOST_KEPT = 5000
_rates: dict[str, tuple[tuple[int, int], float]] = {}  # log -> its time and size, and the images per second at its end


class Speeds:
    """Images a second of runs of a kind on each computer; where no such run was seen, in units of this computer's speed.

    `measured`: computer -> how many times as fast as this one ("") it trained a small network.
    """

    def __init__(self, runs_folder: Path, measured: dict[str, float]):
        self._folder = runs_folder
        self._measured = {
            name: speed if speed > 0 and math.isfinite(speed) else 1.0 for name, speed in measured.items()
        }
        self._of_kinds: dict[str, dict[str, float]] = {}

    def on(self, computer: str, kind: str) -> float:
        """Of a run of this kind (`kind_of`) on a computer that is among the measured."""
        recorded = self._recorded.get(kind, {})
        if computer in recorded:
            return recorded[computer]
        units = [rate / self._measured[name] for name, rate in recorded.items() if name in self._measured]
        return self._measured[computer] * (median(units) if units else 1.0)

    def ratio(self, computer: str, kind: str) -> float:
        """How many times as fast as this computer; 1 for one of which nothing is known."""
        if not computer or computer not in self._measured:
            return 1.0
        return self.on(computer, kind) / self.on("", kind)

    @functools.cached_property
    def _recorded(self) -> dict[str, dict[str, float]]:
        """Kind -> computer -> images a second. Read when it is first asked for."""
        found: dict[str, dict[str, list[float]]] = {}
        begun = (run for run in list_runs(self._folder) if run.has(Run.event_log))
        for run in islice(begun, LOOKED_BACK):
            if (rate := rate_of(run)) and (kind := kind_of(run)):
                found.setdefault(kind, {}).setdefault(placement_of(run.folder).computer, []).append(rate)
        return {kind: {name: median(rates) for name, rates in by.items()} for kind, by in found.items()}


def rate_of(run: Run) -> float:
    """Images a second that its training went through in the last seconds that its log tells of; 0 where it does not say."""
    path = f"{run.folder}/{Run.event_log.name}"
    try:
        stat = os.stat(path)
        mark = stat.st_mtime_ns, stat.st_size
        known = _rates.get(path)
        if known is None or known[0] != mark:
            with open(path, "rb") as file:
                file.seek(max(0, stat.st_size - TAIL))
                rates = [_number(text) for text in RATE.findall(file.read(TAIL))]
            known = mark, median(filter(None, rates)) if any(rates) else 0.0
            if len(_rates) > MOST_KEPT:
                _rates.clear()
            _rates[path] = known
    except OSError:
        return 0.0
    return known[1]


def kind_of(run: Run) -> str:
    """What decides how long an epoch takes, as text; empty when the config cannot be read."""
    return _kind_at(run, run.created())


@functools.lru_cache(maxsize=4000)
def _kind_at(run: Run, _: float) -> str:
    try:
        config = run.config()
    except TrainDeskError:
        return ""
    return kind_of_config(config)


def kind_of_config(config: RunConfig) -> str:
    """`kind_of` a run that has this config."""
    training = config.training
    parts = (config.architecture, config.dataset, config.augmentation)
    how = training.batch_size, training.device, training.devices, training.precision, training.epoch_seconds
    ways = training.repeatable, training.compile
    return "|".join([*(part.model_dump_json() for part in parts), *map(str, how + ways)])


def _number(text: bytes) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and value > 0 else 0.0
