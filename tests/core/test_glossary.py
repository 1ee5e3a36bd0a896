"""Every word has a meaning of a sentence or two."""

import re

from core.glossary import TERMS


def test_meanings_are_one_or_two_sentences():
    for term in TERMS.values():
        assert term.text.endswith(".") and len(re.findall(r"[.:?] [A-Z]", term.text)) <= 1, term.name
        assert len(term.text) < 210, term.name
