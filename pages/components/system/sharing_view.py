"""Sharing: under which address others open this dashboard, as a code for phones, and what browsers say of its certificate."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.machine.certificate import fingerprint
from core.runs.workspace import NAME
from pages.components.data.keeping_view import access, draw_privacy
from pages.components.run.take_view import address_for_others
from pages.components.shell.html_parts import code_for_phones

ALONE = (
    "To let a class in, behind a password, end it and start it with `make share`, or with `make share HTTPS=1`: then what is "
    "sent is encrypted, and the cameras of phones and tablets work on its pages."
)
CLOSED = (
    "It is not encrypted: whoever listens in on the network can read along, and browsers open no camera. Start it with "
    "`make share HTTPS=1` to have both."
)
WARNING = """This computer vouches for itself, which no browser knows, so each warns once. It is right to go on if the
fingerprint that it shows is the one below.

- **Chrome, Edge** say *Your connection is not private*: press **Advanced**, then **Proceed to ... (unsafe)**. The fingerprint
stands behind **Not secure** at the left of the address, under **Certificate details**.
- **Safari** says *This Connection Is Not Private*: press **Show Details**, then **visit this website**. **View the certificate**
there shows the fingerprint.
- **Firefox** says *Warning: Potential Security Risk Ahead*: press **Advanced**, then **Accept the Risk and Continue**. **View
Certificate** there shows the fingerprint."""


def draw_sharing() -> None:
    """The section: who is let in, by which address, and how safe that is."""
    st.header("Sharing", anchor="sharing")
    draw_privacy()
    reached = access()
    if not reached.has_passwords:
        st.markdown(ALONE)
        return
    address = address_for_others("")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.html(code_for_phones(address), width="content")
        with st.container(width="stretch"):
            st.markdown("Others in this network open")
            st.code(address, language=None, wrap_lines=True)
            if not reached.is_encrypted:
                st.caption(f":material/no_encryption: {CLOSED}")
    if file := st.get_option("server.sslCertFile"):
        _draw_certificate(Path(file))


def _draw_certificate(file: Path) -> None:
    if file.parent.parent.name == NAME:  # else a browser may know who signed it
        st.markdown(WARNING)
    try:
        said = fingerprint(file)
    except (OSError, ValueError):
        st.caption(f"The certificate {file.name} cannot be read, so its fingerprint is not known.")
        return
    st.markdown("Its fingerprint (SHA-256):")
    st.code(said, language=None, wrap_lines=True)
