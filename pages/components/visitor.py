"""Who sits before the page: enough to tell visitors apart, nothing about them."""

from __future__ import annotations

import hashlib
import secrets

import streamlit as st

COOKIE = "_streamlit_xsrf"  # one for each browser; the server sets it


def visitor() -> str:
    """A short name of this browser, the same in all its tabs and after a reload."""
    if isinstance(token := st.context.cookies.get(COOKIE), str) and token:
        return hashlib.sha256(token.encode()).hexdigest()[:8]
    return st.session_state.setdefault("visitor", secrets.token_hex(4))
