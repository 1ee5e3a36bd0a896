"""Words with their meaning: a "?" that shows it on touch, focus or under the pointer, short lists of meanings, and all words
of the glossary and all settings in one list by the alphabet."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from core.glossary import TERMS, meaning_of
from core.run_config import GROUPS, PARTS
from core.settings.settings import fields_of
from core.text.lists import some


def question(name: str) -> str:
    """HTML: a small "?" that says what a word means."""
    return f'<span class="question" tabindex="0" role="note" aria-label="{escape(meaning_of(name))}">?</span>'


def words_help(*names: str, of_class: str) -> str:
    """Markdown: what these words mean, one after the other, told of a class (Markdown too) where they can be."""
    told = [(name, (TERMS[name].of_class or TERMS[name].text).format(of_class)) for name in names]
    return " ".join(f"**{name[0].upper()}{name[1:]}:** {text}" for name, text in told)


@dataclass(frozen=True)
class Entry:
    """A word with all that it means here."""

    name: str
    meanings: tuple[tuple[str, str], ...]  # (meaning, of which settings it is one or "")

    def letter(self) -> str:
        """Under which it stands: "A" to "Z", or "0-9" for all else."""
        first = self.name[0].upper()
        return first if "A" <= first <= "Z" else "0-9"

    def all_text(self) -> str:
        """What a search looks at, in small letters."""
        return " ".join([self.name, *(part for meaning in self.meanings for part in meaning)]).casefold()


def entries() -> list[Entry]:
    """All words and all settings by the alphabet; one that several parts of a config have, with one meaning, stands once."""
    found: dict[str, tuple[str, dict[str, list[str]]]] = {}
    for term in TERMS.values():
        name = term.name[0].upper() + term.name[1:]
        found.setdefault(name.casefold(), (name, {}))[1][term.text] = []
    classes = [(part, settings_class) for part, registry in PARTS.items() for _, settings_class in registry.items()]
    for part, settings_class in classes + list(GROUPS.items()):
        owner = str(getattr(settings_class, "label", part))
        for spec in fields_of(settings_class):
            _, meanings = found.setdefault(spec.title.casefold(), (spec.title, {}))
            meanings.setdefault(spec.help, []).append(owner)
    return sorted(
        (
            Entry(name, tuple((text, _places(owners)) for text, owners in meanings.items()))
            for name, meanings in found.values()
        ),
        key=lambda entry: (entry.letter(), entry.name.casefold()),
    )


def _places(owners: list[str]) -> str:
    """Where a setting is found: few names, or how many there are."""
    return f"Setting of {some(owners, 3)}." if owners else ""
