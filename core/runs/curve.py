"""The curves of a run's steps and of its validations within epochs, in columns: a list of a million events would take a
gigabyte and seconds."""

from __future__ import annotations

import bisect
import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.runs.metrics import OF_SPLITS, OF_STEPS

COLUMNS = ("step", "epoch", *OF_STEPS, "time")  # of `step` events
VALIDATION_COLUMNS = ("step", *OF_SPLITS, "images", "time")  # of `validation` events


class StepCurve:
    """One row for each event of a kind, steps rising; NaN where a number is missing or was not finite."""

    def __init__(self, names: Sequence[str] = COLUMNS) -> None:
        self._columns = {name: array("d") for name in names}

    def __len__(self) -> int:
        return len(self._columns["step"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StepCurve) and all(
            column.tobytes() == other._columns[name].tobytes() for name, column in self._columns.items()
        )

    def append(self, event: Mapping[str, Any]) -> None:
        """Adds an event of the log, whose values are numbers or None; it has a step."""
        for name, column in self._columns.items():
            value = event.get(name)
            column.append(math.nan if value is None else value)

    def extend(self, columns: Mapping[str, np.ndarray]) -> None:
        """Adds many at once: float64 (N,) each."""
        for name, column in self._columns.items():
            column.frombytes(np.ascontiguousarray(columns[name], dtype=np.float64).tobytes())

    def forget_after(self, step: int) -> None:
        """Removes what came after that step."""
        kept = bisect.bisect_right(self._columns["step"], step)
        for column in self._columns.values():
            del column[kept:]

    def column(self, name: str) -> np.ndarray:
        """A copy of a column, float64 (N,)."""
        return np.array(self._columns[name])

    def last(self) -> dict[str, float | None] | None:
        """The newest row by the names of the columns, None where it has no number; None where there is no row."""
        try:
            row = {name: column[-1] for name, column in self._columns.items()}
        except IndexError:  # empty, or another thread adds the first one at this moment
            return None
        return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: float) -> float | None:
    if math.isnan(value):
        return None
    return int(value) if name in ("step", "epoch") else value
