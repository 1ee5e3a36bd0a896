"""Sentences for the visitor, shown as they are: a file name or a title in them must not become Markdown."""

from __future__ import annotations

import streamlit as st

from pages.components.shell.wording import plain_markdown


def show_error(sentence: object) -> None:
    st.error(plain_markdown(str(sentence)))


def show_warning(sentence: object) -> None:
    st.warning(plain_markdown(str(sentence)))
