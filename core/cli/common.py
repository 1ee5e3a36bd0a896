"""What the commands of the command line share: how they are added, results, wrong input, finding a run."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from core.errors import TrainDeskError
from core.nodes.registry import HERE
from core.runs.store import Run, find_run
from core.workers.places import check_computer


class Result(NamedTuple):
    """What a command found: printed as JSON or as text."""

    data: Any
    text: str
    is_well: bool = True


class WrongInput(TrainDeskError):
    """The command line names something that does not exist."""


class _Parser(argparse.ArgumentParser):
    """One whose options may stand anywhere, if `in_any_order`: Python 3.11 takes an argument that may be left out for left out as
    soon as an option comes before it."""

    in_any_order = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if not self.in_any_order:
            return super().parse_known_args(args, namespace)
        self.in_any_order = False  # it asks this very function
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self.in_any_order = True


class Commands:
    """The commands below a parser; each has the options that all have in `common`."""

    def __init__(self, parser: argparse.ArgumentParser, common: argparse.ArgumentParser):
        self._commands, self._common = (
            parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser),
            common,
        )

    def add(
        self,
        name: str,
        command: Callable[[argparse.Namespace], Result],
        summary: str,
        *parents: argparse.ArgumentParser,
        **options: Any,
    ) -> argparse.ArgumentParser:
        """The parser of a command that takes the arguments of `parents`, for those of its own."""
        all_parents: list[Any] = [self._common, *parents]
        parser = self._commands.add_parser(name, parents=all_parents, help=summary, **options)
        parser.set_defaults(command=command)
        parser.in_any_order = True
        return parser

    def below(self, name: str, summary: str) -> Commands:
        """Commands of a command: `images list`."""
        return Commands(self._commands.add_parser(name, help=summary), self._common)


def argument(name: str, **options: Any) -> argparse.ArgumentParser:
    """A parent with that one argument, for the parsers of several commands."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(name, **options)
    return parser


A_RUN = argument("run", metavar="RUN", help="run id, a unique beginning of it, or 'latest'")


def on_computer() -> argparse.ArgumentParser:
    """A parent with the option to ask for a computer."""
    about = f"train it on this computer that has joined; '{HERE}': on this one (default: whichever is free)"
    return argument("--computer", default="", metavar="NAME", help=about)


def asked_computer(options: argparse.Namespace, device: str) -> str:
    """What `QueuePlace` is told of the computer that was asked for. Raises TrainDeskError when there is none."""
    computer = "" if options.computer == "any" else options.computer
    check_computer(options.runs, computer, [device])
    return computer


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
