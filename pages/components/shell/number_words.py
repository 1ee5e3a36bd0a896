"""Numbers, times and statuses in words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from core.text.numbers import count as count
from core.text.numbers import duration as duration
from core.text.numbers import percent
from pages.components.shell.word_meanings import question

if TYPE_CHECKING:
    from core.runs.summary import Summary

BadgeColour = Literal["gray", "blue", "violet", "green", "orange", "red"]
STATUS_COLOURS: dict[str, BadgeColour] = {
    "queued": "gray",
    "starting": "gray",
    "running": "blue",
    "paused": "violet",
    "finished": "green",
    "stopped": "orange",
    "failed": "red",
    "interrupted": "red",
    "damaged": "red",
}
EXPLAINED = {  # label of a fact -> word of the glossary
    "Epoch": "epoch",
    "Images per second": "images per second",
    "Learning rate": "learning rate",
    "Time left": "time left",
    "Memory": "memory",
    "Test accuracy": "accuracy",
    "Precision": "precision",
    "Recall": "recall",
    "F1": "F1",
    "Best validation accuracy": "best epoch",
    "Validation accuracy": "best epoch",
}


def test_words(run: Summary) -> str:
    """The test accuracy in a list, "97.9 % (epoch 5)" where the network of another epoch is the best now."""
    of = f" (epoch {run.test_epoch:,})" if run.test_epoch else ""
    return percent(run.test_accuracy) + of


def about(seconds: float) -> str:
    """A duration that is only estimated: 0.34 -> "0.3 s", 127 -> "2 min 10 s"."""
    if seconds < 9.95:
        return f"{max(0.1, seconds):.1f} s"
    return duration(seconds if seconds < 60 or seconds >= 3600 else round(seconds, -1))


def moment(seconds: float) -> str:
    """Unix seconds in local time: "today 14:03", "yesterday 14:03" or "3 Nov 2026 14:03"."""
    then = time.localtime(seconds)
    for label, ago in (("today", 0), ("yesterday", 86_400)):
        if time.localtime(time.time() - ago)[:3] == then[:3]:
            return time.strftime(f"{label} %H:%M", then)
    return f"{then.tm_mday} " + time.strftime("%b %Y %H:%M", then)


def rows_of(items: Sequence[Any], length: int) -> Iterator[Sequence[Any]]:
    """(1, 2, 3, 4, 5), 3 -> (1, 2, 3), (4, 5)."""
    return (items[start : start + length] for start in range(0, len(items), length))


def plain_markdown(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return "".join("\\" + letter if letter in r"\`*_{}[]()#+-.!$~<>|:" else letter for letter in text)


def facts(pairs: list[tuple[str, str, str]], small: bool = False) -> str:
    """HTML of (label, value, addition) side by side; `small` for more of them in a row. A label that is a word of the glossary
    gets its "?"."""
    items = (
        f"<div><dt>{escape(label)}{_question(label)}</dt>"
        f"<dd>{escape(value)}{f'<small>{escape(more)}</small>' if more else ''}</dd></div>"
        for label, value, more in pairs
    )
    return f'<dl class="facts{" small" if small else ""}">{"".join(items)}</dl>'


def _question(label: str) -> str:
    name = EXPLAINED.get(label)
    return f" {question(name)}" if name else ""
