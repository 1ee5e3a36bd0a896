"""Widgets whose values are in the address, so that a link shows the same and the back button goes back.

Streamlit's own `bind="query-params"` would do, but on leaving the page it takes the parameters out of the history too (1.67).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def from_address(name: str, values: Sequence[Any], default: Any) -> Callable[[], None]:
    """Gives the widget of key `name`, before it is drawn, the value that the address says, one of `values`.

    Returns what the widget calls on change: the address then says what was chosen, or nothing for the default.
    """
    said = st.query_params.get(name, "")
    if name not in st.session_state or st.session_state.get(_seen(name)) != said:
        st.session_state[name] = next((value for value in values if _text(value) == said), default)
        st.session_state[_seen(name)] = said

    def changed() -> None:
        say(name, "" if st.session_state[name] == default else _text(st.session_state[name]))

    return changed


def say(name: str, text: str) -> None:
    """Puts a parameter into the address, or takes it out when the text is empty."""
    if text:
        st.query_params[name] = text
    else:
        st.query_params.pop(name, None)
    st.session_state[_seen(name)] = text


def _seen(name: str) -> str:
    return f"address of {name}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
