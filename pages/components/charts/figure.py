"""A chart that is complete: it is drawn by Plotly in the theme's colours and reports which of its points was clicked.

Growing curves that people zoom into have `live_plot`. plotly.js is copied from the installed plotly package into the folder that
the server hands out: no foreign host is asked."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from core.files import replace_file
from core.paths import HOME
from pages.components.charts.told import Told
from pages.components.shell.widgets import made_component, triggered


@lru_cache
def plotly_address() -> str:
    """Address of plotly.js relative to the dashboard's root. Copies the file when this version is not there yet."""
    installed = distribution("plotly")  # not imported: that takes 0.4 s
    name = f"plotly-{installed.version}.min.js"
    target = HOME / "static" / name
    source = Path(str(installed.locate_file("plotly"))) / "package_data" / "plotly.min.js"
    if not target.is_file() or target.stat().st_size != source.stat().st_size:
        target.parent.mkdir(exist_ok=True)
        temporary = target.with_name(f".{name}.{os.getpid()}")
        shutil.copyfile(source, temporary)
        replace_file(temporary, target)  # in one step: another visitor may be reading
    return f"app/static/{name}"


def plotly_component(name: str) -> Any:
    """A component of this folder whose script draws with Plotly, after `loadPlotly(address)`, and says by `tell` what it shows,
    where its page has `$tell`; Plotly writes its styles into the document."""
    folder = Path(__file__).parent
    read = {
        path.name: path.read_text(encoding="utf-8")
        for path in folder.iterdir()
        if path.suffix in (".html", ".css", ".js")
    }
    return made_component(
        name,
        read[f"{name}.html"].replace("$tell", read["tell.html"]),
        read[f"{name}.css"] + read["tell.css"],
        read["load_plotly.js"] + read["tell.js"] + read[f"{name}.js"],
        isolate_styles=False,
    )


_component = plotly_component("figure")


def figure(
    traces: list[dict[str, Any]],
    layout: dict[str, Any],
    *,
    key: str,
    title: str,
    told: Told,
    heading: str | None = None,
    height: int,
    least_width: int = 0,
    is_square: bool = False,
    clicks: bool = False,
) -> Any:
    """Draws traces and layout as Plotly describes them; "$text", "$paper", "$grid", "$lines", "$chart0" ... are the theme's.

    Where there is less room than `least_width` pixels it scrolls sideways; one that `is_square` is lower where it is narrow.
    `title` is for people who cannot see it and, unless `heading` says something else, stands above it; `told` is the sentence
    that they hear, and the table that anyone may open. With `clicks` the
    result is the place in its trace of the point that was clicked just now, (row, column) in a heatmap, else None. It
    comes from the browser: check it.
    """
    data = {
        "source": plotly_address(),
        "title": title,
        "told": told._asdict(),
        "heading": title if heading is None else heading,
        "height": height,
        "leastWidth": least_width,
        "isSquare": is_square,
        "traces": traces,
        "layout": layout,
        "clicks": clicks,
    }
    return triggered(_component, key, "click", data=data)[1]
