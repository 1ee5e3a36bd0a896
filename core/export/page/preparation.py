"""The scripts that make any picture into a dataset's own form in a browser, as `core.images` does it in Python.

They give the same pixels: each step is the one of NumPy, SciPy and Pillow, down to how Pillow rounds.
"""

from pathlib import Path

import PIL

from core.datasets._base import Preparation

FOLDER = Path(__file__).parent
SCRIPTS = ("pillow.js", "fields.js", "paper.js", "rules.js", "ink.js", "prepare.js")  # each uses those before it
KNOWN = {  # (module, function) of `core.images`
    ("ink", "prepare_ink"),
    ("optdigits", "prepare_optdigits"),
    ("photo", "prepare_photo"),
    ("photo", "prepare_clothing"),
    ("fit", "prepare_square"),
}


def preparation_script() -> str:
    """Plain JavaScript, no module, that defines `Preparation.prepare(image, plan)`, see `prepare.js`; about 50 KB."""
    release = f"const PILLOW_RELEASE = {PIL.__version__.split('.')[0]};\n"
    return release + "".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)


def plan_of(preparation: Preparation) -> dict[str, object]:
    """What `Preparation.prepare` takes as its plan: plain values for JSON."""
    return {
        "module": preparation.module,
        "function": preparation.function,
        "arguments": dict(preparation.arguments),
    }


def knows(preparation: Preparation) -> bool:
    """Whether the scripts can do it."""
    return (preparation.module, preparation.function) in KNOWN
