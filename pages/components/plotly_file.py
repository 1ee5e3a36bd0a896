"""plotly.js from the installed plotly package, copied into the folder that the server hands out: no foreign host is asked."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from core.paths import HOME


@lru_cache
def plotly_address() -> str:
    """Address of plotly.js relative to the dashboard's root. Copies the file when this version is not there yet."""
    name = f"plotly-{version('plotly')}.min.js"
    target = HOME / "static" / name
    source = (
        Path(find_spec("plotly").submodule_search_locations[0]) / "package_data" / "plotly.min.js"
    )  # not imported: 0.4 s
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
