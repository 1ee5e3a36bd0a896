"""A chart that is complete: it is drawn by Plotly in the theme's colours and reports which of its points was clicked.

Growing curves that people zoom into have `live_plot`.
"""

from __future__ import annotations

from typing import Any

from pages.components.charts.plotly_file import plotly_address, plotly_component

_component = plotly_component("figure")


def figure(
    traces: list[dict[str, Any]],
    layout: dict[str, Any],
    *,
    key: str,
    title: str,
    heading: str | None = None,
    height: int,
    least_width: int = 0,
    is_square: bool = False,
    clicks: bool = False,
) -> Any:
    """Draws traces and layout as Plotly describes them; "$text", "$paper", "$grid", "$lines", "$chart0" ... are the theme's.

    Where there is less room than `least_width` pixels it scrolls sideways; one that `is_square` is lower where it is narrow.
    `title` is for people who cannot see it and, unless `heading` says something else, stands above it. With `clicks` the
    result is the place in its trace of the point that was clicked just now, (row, column) in a heatmap, else None. It
    comes from the browser: check it.
    """
    data = {
        "source": plotly_address(),
        "title": title,
        "heading": title if heading is None else heading,
        "height": height,
        "leastWidth": least_width,
        "isSquare": is_square,
        "traces": traces,
        "layout": layout,
        "clicks": clicks,
    }
    return _component(key=key, data=data, on_click_change=lambda: None).click
