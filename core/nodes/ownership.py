"""Whose a run is, as the desk finds it in the run's folder, and how it says no to a computer that takes it for its own."""

from __future__ import annotations

from pathlib import Path

from core.files import parse_json, read_bytes
from core.runs.placement import Placement
from core.runs.workspace import NAME
from core.settings.stored import stored_as


class NotYours(Exception):
    """A computer speaks of a run in a generation in which there is nothing to say."""

    answer = ""


class Stale(NotYours):
    """The run is not that computer's, or not here any more."""

    answer = "stale"


class Newer(NotYours):
    """The run is still that computer's, but was given to it anew."""

    answer = "newer"


class Settled(NotYours):
    """The run is over, and all of it is here."""

    answer = "settled"


def read_placement(folder: Path) -> Placement | None:
    """None where there is none, or no folder. Raises OSError: what cannot be read at this moment is not another one's yet."""
    try:
        return stored_as(Placement, parse_json(read_bytes(folder / "placement.json")))
    except (FileNotFoundError, NotADirectoryError):
        if not (folder.parent / NAME).is_dir():  # all runs are away for a moment
            raise
        return None


def owner_of(placement: Placement) -> tuple[str, int]:
    """The computer, and the generation in which the run is its own."""
    return placement.computer, placement.generation


def check_owner(node: str, generation: int, placement: Placement | None) -> None:
    """Raises Stale, Newer or Settled unless the run that is placed so is that computer's in this generation."""
    if placement is None or is_lost_to(node, generation, placement):
        raise Stale
    if placement.generation > generation:
        raise Newer
    if placement.settled:
        raise Settled


def is_lost_to(node: str, generation: int, placement: Placement | None) -> bool:
    """Whether a run that a computer has in this generation is not its own any more."""
    return placement is None or placement.computer != node or placement.generation < generation
