"""What a finding about a dataset is: a sentence, what it is about, and what can be done."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.image_sets.edit import Edit
from core.image_sets.own_dataset import OwnClass
from core.text.lists import quoted
from core.text.numbers import count

SHOWN = 6  # groups of pictures that a finding shows
IN_GROUP = 4  # pictures shown of a group


@dataclass(frozen=True)
class Choice:
    """What a training is to do about a finding: the dataset remembers it, and suggested trainings follow it."""

    key: str  # of `OwnDataset.about`
    labels: dict[str, str]  # value -> what the button says
    chosen: str  # value
    example: int = 0  # the picture on which the effect of each value is shown; 0: none


class Way(NamedTuple):
    """One button of several."""

    label: str
    repair: Callable[[Edit], None]


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing."""

    kind: str
    sentence: str
    groups: tuple[tuple[int, ...], ...] = ()  # the first few pictures that it is about, each beside those it is like
    action: str = ""  # what the button says; "": nothing needs to be done
    repair: Callable[[Edit], None] | None = None
    choice: Choice | None = None
    is_serious: bool = False  # does it make a training impossible or its result untrue?
    blocks: bool = False  # can no training start while it is so?
    ways: tuple[tuple[Way, ...], ...] = ()  # for each of `groups` the buttons that decide it alone
    leave: tuple[str, ...] = ()  # for each of `groups` the key by which a person says that it is right as it is


@dataclass(frozen=True)
class Verdict:
    """What all findings come to."""

    level: str  # "stop", "warning" or "good"
    sentence: str


def verdict(found: Sequence[Finding]) -> Verdict:
    """One answer to "can I train on these?", so that no two sentences of a page say different things."""
    if any(each.blocks for each in found):
        return Verdict("stop", "No training can start on these pictures yet; what stands in the way comes first below.")
    if any(each.is_serious for each in found):
        return Verdict(
            "warning",
            "A network can learn from these pictures, but look at what is marked below: its figures may be untrue.",
        )
    if any(each.action or each.ways or each.kind == "few" for each in found):
        return Verdict("warning", "A network can learn from these pictures; what could be better is said below.")
    return Verdict("good", "A network can learn from these pictures.")


def shown(groups: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    """The first few pictures of the first few groups."""
    return tuple(tuple(group[:IN_GROUP]) for group in groups[:SHOWN])


def passed_over(files: int, kind: str) -> str:
    """(1, "hidden files") -> "1 hidden file", (2, "hidden files") -> "2 hidden files": of what an import leaves out."""
    one = re.sub(r"(picture|file|folder|link)s\b", r"\1", kind).replace(" are ", " is ")
    return count(files, one, kind)


def names_of(classes: Sequence[OwnClass]) -> str:
    """The names of at most four classes, in words."""
    return quoted([each.name for each in classes], 4, "more classes")
