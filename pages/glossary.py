"""The glossary: every word and every setting in one or two sentences."""

from itertools import groupby

import streamlit as st

from core.config import GROUPS, PARTS
from core.glossary import TERMS
from core.settings import fields_of
from pages.components.header import open_page
from pages.components.wording import plain_markdown

open_page("Glossary")
st.title("What the words mean")
text = st.text_input(
    "Search", placeholder="learning rate, loss ...", key="word", bind="query-params", live=True, width=320
)
sought = (text or "").casefold()


def draw(title: str, entries: list[tuple[str, str]]) -> bool:
    """A heading and its words, those that fit what is sought. Returns whether there was one."""
    found = [(name, said) for name, said in entries if sought in f"{name} {said}".casefold()]
    if found:
        st.subheader(title)
        st.markdown("\n\n".join(f"**{plain_markdown(name)}**  \n{plain_markdown(said)}" for name, said in found))
    return bool(found)


def settings(settings_class: type) -> list[tuple[str, str]]:
    return [(spec.title, spec.help) for spec in fields_of(settings_class)]


drawn = [
    draw(group, [(term.name[0].upper() + term.name[1:], term.text) for term in terms])
    for group, terms in groupby(TERMS.values(), key=lambda term: term.group)
]
for part, registry in PARTS.items():
    drawn += [
        draw(f"{part.capitalize()}: {settings_class.label}", entries)
        for _, settings_class in registry.items()
        if (entries := settings(settings_class))
    ]
drawn += [draw(group.capitalize(), settings(settings_class)) for group, settings_class in GROUPS.items()]
if not any(drawn):
    st.markdown("No word fits. Clear the search to see all.")
