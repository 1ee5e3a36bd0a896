"""The glossary: every word and every setting in one or two sentences, by letters."""

from html import escape
from itertools import groupby

import streamlit as st

from pages.components.shell.header import open_page
from pages.components.shell.links import GLOSSARY, anchor
from pages.components.shell.widgets import search_field
from pages.components.shell.word_meanings import Entry, entries

open_page("Glossary")
st.title("What the words mean")
sought = search_field("learning rate, loss", "word").casefold().split()
found = [entry for entry in entries() if all(word in entry.all_text() for word in sought)]


def draw(entry: Entry) -> str:
    """HTML: a word with its meanings, each with the settings that it is one of."""
    said = "".join(
        f"<dd>{escape(text)}{f' <small>{escape(places)}</small>' if places else ''}</dd>"
        for text, places in entry.meanings
    )
    return f"<div><dt>{escape(entry.name)}</dt>{said}</div>"


if found:
    letters = {letter: list(group) for letter, group in groupby(found, key=lambda entry: entry.letter())}
    links = "".join(anchor(GLOSSARY, letter, f"letter-{letter}") for letter in letters)
    parts = "".join(
        f'<section><h2 id="letter-{letter}">{letter}</h2><dl>{"".join(map(draw, group))}</dl></section>'
        for letter, group in letters.items()
    )
    st.html(f'<div class="glossary"><nav aria-label="Letters">{links}</nav><div class="words">{parts}</div></div>')
else:
    st.markdown("No word fits. Clear the search to see all.")
