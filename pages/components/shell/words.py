"""Words with their meaning: a "?" that shows it on touch, focus or under the pointer, and short lists of meanings."""

from __future__ import annotations

from html import escape

from core.glossary import TERMS, meaning_of


def question(name: str) -> str:
    """HTML: a small "?" that says what a word means."""
    return f'<span class="question" tabindex="0" role="note" aria-label="{escape(meaning_of(name))}">?</span>'


def words_help(*names: str, of_class: str) -> str:
    """Markdown: what these words mean, one after the other, told of a class (Markdown too) where they can be."""
    told = [(name, (TERMS[name].of_class or TERMS[name].text).format(of_class)) for name in names]
    return " ".join(f"**{name[0].upper()}{name[1:]}:** {text}" for name, text in told)
