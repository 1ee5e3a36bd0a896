"""Files of a published dataset that someone laid into the data folder by hand: found where people lay them, put in place."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.files import remove_file, replace_file

PREFIX = ".coming-"  # of a file that is still being written


def laid_elsewhere(sources: Sequence[Path], folders: Sequence[Path], archive: str = "") -> dict[Path, Path]:
    """Of each of the `sources` that is missing where it lies instead: under its name, with .gz, or in a TAR called `archive`.

    `folders` are looked into in their order, each also with a "raw" below it. Empty unless all that is missing is found.
    """
    missing = [source for source in sources if not source.is_file()]
    places = [place for folder in folders for place in (folder, folder / "raw")]
    found: dict[Path, Path] = {}
    for source in missing:
        candidates = [place / f"{source.name}{ending}" for place in places for ending in ("", ".gz")]
        if archive:
            candidates += [place / archive for place in places]
        here = next((each for each in candidates if each.is_file()), None)
        if here is None:
            return {}
        found[source] = here
    return found


def put_in_place(found: dict[Path, Path]) -> None:
    """Links, copies or unpacks what `laid_elsewhere` found; each file appears whole or not at all.

    Raises OSError, and what gzip and tarfile raise on damaged files.
    """
    for source, here in found.items():
        source.parent.mkdir(parents=True, exist_ok=True)
        if here.name == source.name:
            _linked(here, source)
        elif here.suffix == ".gz" and here.name == f"{source.name}.gz":
            with gzip.open(here, "rb") as packed:
                _written(packed, source)
        else:
            with tarfile.open(here) as archive:
                member = next((each for each in archive if Path(each.name).name == source.name and each.isfile()), None)
                packed_member = archive.extractfile(member) if member else None
                if packed_member is None:
                    raise tarfile.TarError(f"{source.name} is not in {here.name}")
                _written(packed_member, source)


def _linked(here: Path, source: Path) -> None:
    try:
        os.link(here, source)
    except OSError:  # another disk, or one without links
        with here.open("rb") as content:
            _written(content, source)


def _written(content: Any, target: Path) -> None:
    coming = target.with_name(f"{PREFIX}{os.getpid()}-{target.name}")
    try:
        with coming.open("wb") as file:
            shutil.copyfileobj(content, file)
        replace_file(coming, target)
    finally:
        with contextlib.suppress(OSError):
            remove_file(coming)
