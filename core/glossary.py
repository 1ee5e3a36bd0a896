"""The words of this field in one or two sentences that a school class understands.

They stand in glossary.toml; settings explain themselves in their `help`, metrics in `core.runs.metrics`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.runs.metrics import BY_NAME, METRICS


@dataclass(frozen=True)
class Term:
    """A word and what it means."""

    name: str
    text: str
    group: str
    of_class: str = ""  # the same told of a class, whose name takes the place of {0}


def _terms() -> Iterator[Term]:
    told = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    for group, words in told.items():
        for name, said in words.items():
            if isinstance(said, str):
                yield Term(name, said, group)
            elif "metric" in said:
                yield Term(BY_NAME[name].title, BY_NAME[name].meaning, group)
            else:
                yield Term(name, said["text"], group, said["of_class"])


TERMS = {term.name: term for term in _terms()}
TERMS |= {each.title: Term(each.title, each.meaning, "How good it is") for each in METRICS if each.title not in TERMS}


def meaning_of(name: str) -> str:
    """What a word means. Raises KeyError for one that is not in the glossary."""
    return TERMS[name].text
