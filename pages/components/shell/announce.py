"""What a screen reader says of a page that changes by itself."""

from __future__ import annotations

from pathlib import Path

from pages.components.shell.widgets import component

_component = component("announce", Path(__file__).parent)


def announce(words: str, key: str) -> None:
    """Has the words said politely when they are others than before, once; nothing is seen of them. Of words that change often
    the last ones are said every five seconds."""
    _component(key=key, data={"words": words})
