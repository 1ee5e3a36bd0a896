"""Files that were made to be taken along, kept beside the runs for a while: what was made once is there when asked again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.export.kinds import Kind
from core.files import folder_size, read_json, remove_folder, write_atomically
from core.runs.metadata import title_of
from core.runs.store import Run, run_at
from core.runs.workspace import NAME
from core.text.typed import clean_line

FOLDER = "exports"
MOST_BYTES = 4_000_000_000
LASTS = 2 * 24 * 3600.0  # seconds
FACTS = "facts.json"  # what was found while it was made; written last, so a folder without it is none
LONGEST_NAME = 60  # letters


@dataclass(frozen=True)
class Kept:
    """A file that was made."""

    file: Path
    facts: dict[str, Any]


def place_for(run: Run, runs_folder: Path, kind: Kind, which: str = "", **options: Any) -> Path:
    """Where the file of this kind lies, or is to be made: the same place as long as what it is made of stays as it is."""
    source = (run.checkpoint(which) if kind.of_network else None) or run.event_log
    made_of = [_state(path) for path in (run.config_file, run.metadata_file, source)]
    said = json.dumps([run.id, run.status().name, kind.name, source.name, options, made_of])
    digest = hashlib.sha256(said.encode()).hexdigest()[:32]
    return runs_folder / NAME / FOLDER / digest / name_of(run, kind)


def name_of(run: Run, kind: Kind) -> str:
    """The name of a file of this kind: "My-digits-report.html"."""
    return f"{file_name(run)}{kind.tail}.{kind.ending}"


def file_name(run: Run) -> str:
    """The title of a run as the name of a file, without an ending, of letters, digits and dashes of any script."""
    config = None
    with contextlib.suppress(TrainDeskError):  # a damaged config: the run can be saved all the same
        config = run.config()
    words = re.findall(r"\w+", clean_line(title_of(run, config)))
    while len("-".join(words)) > LONGEST_NAME and len(words) > 1:
        words.pop()
    return "-".join(words)[:LONGEST_NAME] or run.id


def keep(place: Path, facts: dict[str, Any]) -> None:
    """Notes what was found while the file was made there; what was written beside it, and it, become one ZIP. Raises OSError."""
    if beside := facts.get("beside"):
        packed = place.with_suffix(".zip")
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in (place.name, *beside):
                archive.write(place.with_name(name), f"{place.stem}/{name}")
        facts = facts | {"file": packed.name, "bytes": packed.stat().st_size}
    write_atomically(place.with_name(FACTS), json.dumps(facts).encode())


def find_kept(place: Path) -> Kept | None:
    """What was made there, None if nothing or not wholly."""
    facts = read_json(place.with_name(FACTS))
    if not isinstance(facts, dict):
        return None
    file = place.with_name(Path(str(facts.get("file") or place.name)).name)
    return Kept(file, facts) if file.is_file() else None


def kept_page(runs_folder: Path, digest: str) -> Path | None:
    """The page that lies in the folder of that name among those made here; None if there is none, or its run is no more."""
    if not re.fullmatch(r"[0-9a-f]{32}", digest):
        return None
    folder = runs_folder / NAME / FOLDER / digest
    facts = read_json(folder / FACTS)
    run = facts.get("run") if isinstance(facts, dict) else None
    if not isinstance(run, str) or not run_at(runs_folder, Path(run).name).is_here():
        return None  # whoever deletes a run takes back what was given away of it
    return next(iter(folder.glob("*.html")), None)


def forget_old(runs_folder: Path, now: float | None = None) -> None:
    """Removes what was made long ago, and the oldest of what is left while it takes too much room."""
    folder = runs_folder / NAME / FOLDER
    with contextlib.suppress(OSError):
        aged = sorted(((each.stat().st_mtime, each) for each in folder.iterdir()), reverse=True)
        room = MOST_BYTES
        for made, each in aged:
            room -= folder_size(each)
            if room < 0 or (now or time.time()) - made > LASTS:
                remove_folder(each)


def forget_made_of(runs_folder: Path, run_id: str, before: float) -> None:
    """Removes what was made of a run before that time, in Unix seconds. Raises OSError."""
    for folder in (runs_folder / NAME / FOLDER).glob("*"):
        facts = read_json(folder / FACTS)
        if isinstance(facts, dict) and facts.get("run") == run_id and folder.stat().st_mtime < before:
            remove_folder(folder)


def _state(path: Path) -> tuple[int, int] | None:
    """Another one as soon as the file is another one; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
