"""plotly.js from the installed plotly package, copied into the folder that the server hands out: no foreign host is asked."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from core.paths import HOME
from pages.components.shell.component import component


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
        os.replace(temporary, target)  # in one step: another visitor may be reading
    return f"app/static/{name}"


def plotly_component(name: str) -> Any:
    """A component of this folder whose script draws with Plotly, after `loadPlotly(address)`; Plotly writes its styles into
    the document."""
    folder = Path(__file__).parent
    load = (folder / "load_plotly.js").read_text(encoding="utf-8")
    return component(name, folder, load, isolate_styles=False)
