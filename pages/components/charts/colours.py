"""The theme's chart colours, for what we draw ourselves beside the charts."""

from __future__ import annotations

import streamlit as st


def chart_colours() -> list[str]:
    """Those of the theme that the visitor looks at."""
    kind = "dark" if st.context.theme.type == "dark" else "light"
    return list(st.get_option(f"theme.{kind}.chartCategoricalColors") or ["#0072b2"])
