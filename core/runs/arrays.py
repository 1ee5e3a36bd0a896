"""Files of named numpy arrays that appear whole or not at all. Importable without torch."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from core.files import opened, write_atomically


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    """Raises OSError. Not written through to the disk: after a power cut the file may be damaged, which `read_arrays` sees."""
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    write_atomically(path, content.getbuffer(), sync=False)


def read_arrays(path: Path, **needed: str) -> dict[str, np.ndarray]:
    """The arrays of a file; nothing of one that is missing, damaged, or lacks one that is needed as it must be.

    `needed` says the kinds of its dtype and the number of its dimensions: "f2" finite numbers (N, M), "iu1" whole ones (N,) not
    below 0.
    """
    try:
        with opened(path) as stream, np.load(stream, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
    except Exception:  # a damaged file raises many kinds
        return {}
    return content if all(name in content and _is(content[name], form) for name, form in needed.items()) else {}


def _is(array: np.ndarray, form: str) -> bool:
    if array.dtype.kind not in form[:-1] or array.ndim != int(form[-1]):
        return False
    return bool(np.isfinite(array).all() if "f" in form else array.size == 0 or array.min() >= 0)
