"""The confusion matrix as a picture: rows are the true classes, columns what was predicted."""

from __future__ import annotations

import streamlit as st

from pages.components.plotly_file import plotly_address, script_with_plotly

_component = st.components.v2.component(
    "heatmap",
    html='<div class="plot" role="group"></div>\n',
    css=".plot { width: 100%; }\n",
    js=script_with_plotly("heatmap.js"),
    isolate_styles=False,
)


def heatmap(matrix: list[list[int]], class_names: list[str], *, key: str, title: str) -> None:
    """Counts written into the cells; the colour is the share of the row, so that rare classes show as well as common ones."""
    shares = [[number / max(1, sum(row)) for number in row] for row in matrix]
    height = min(760, 150 + max(8, len(class_names)) * 30)
    data = {"title": title, "names": class_names, "counts": matrix, "shares": shares, "height": height}
    _component(key=key, data={"source": plotly_address(), **data})
