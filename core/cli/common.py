"""What the commands of the command line share: results, wrong input, finding a run."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

from core.errors import TrainDeskError
from core.runs.store import Run, find_run


class Result(NamedTuple):
    """What a command found: printed as JSON or as text."""

    data: Any
    text: str
    is_well: bool = True


class WrongInput(TrainDeskError):
    """The command line names something that does not exist."""


def find(options: argparse.Namespace) -> Run:
    """The run that the command line names. Raises WrongInput."""
    try:
        return find_run(options.run, options.runs)
    except TrainDeskError as error:
        raise WrongInput(str(error)) from None


def metric_lines(report: dict[str, Any]) -> list[str]:
    """The metrics of a report, one in a line."""
    lines = [f"{name:<16} {value:.4f}" for name, value in report.items() if "/" in name]
    known, classes = report.get("classes_known", 0), len(report.get("per_class", ()))
    if 0 < known < classes:
        lines.append(
            f"Precision, recall and F1 are averages of {known:,} of {classes:,} classes; the others have no pictures."
        )
    return lines
