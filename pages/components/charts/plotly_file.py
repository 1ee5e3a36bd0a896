"""plotly.js from the installed plotly package, copied into the folder that the server hands out: no foreign host is asked."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

from core.paths import HOME


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


def script_with_plotly(name: str) -> str:
    """The JavaScript of a component in this folder, with `loadPlotly(address)` before it."""
    folder = Path(__file__).parent
    return "".join((folder / file).read_text(encoding="utf-8") for file in ("load_plotly.js", name))
