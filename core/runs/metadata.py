"""What people say about a run: its title, a note, tags, whether it is a favourite, and who asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from core.errors import TrainDeskError
from core.files import parse_json, read_bytes
from core.run_config import RunConfig
from core.runs.example import refuse_example
from core.runs.store import Run
from core.runs.workspace import locked
from core.settings.stored import stored_as, write_stored
from core.text.titles import shortened
from core.text.typed import clean, clean_line

LONGEST_TITLE, LONGEST_NOTE, LONGEST_TAG = 80, 2000, 30  # characters
MOST_TAGS = 10


@dataclass(frozen=True)
class RunMetadata:
    """An empty title stands for that of the config."""

    title: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    favourite: bool = False
    owner: str = ""


def read_metadata(run: Run) -> RunMetadata:
    """What can be read of them; the rest has its default. Never raises."""
    try:
        return _read(run)
    except OSError:
        return RunMetadata()


def title_of(run: Run, config: RunConfig | None, metadata: RunMetadata | None = None) -> str:
    """The name that people gave it, else that of its config, else what it trains on what, else its id."""
    given = (metadata or read_metadata(run)).title or (config.title if config else "")
    return shortened(given, LONGEST_TITLE) or (
        f"{config.architecture.label} on {config.dataset.title()}" if config else run.id
    )


def change_metadata(run: Run, **changes: Any) -> RunMetadata:
    """Changes the named fields and leaves the others, whoever else changes them at the same time.

    Raises TrainDeskError when a text is too long, or when they cannot be stored.
    """
    changes = {name: _tidied(name, value) for name, value in changes.items()}
    return _change(run, lambda metadata: replace(metadata, **changes))


def own(run: Run, owner: str, sync: bool = True) -> None:
    """Makes a run that is nobody's this person's: whoever has it go on does not make it theirs. Raises TrainDeskError."""
    if owner and not read_metadata(run).owner:
        _change(run, lambda metadata: replace(metadata, owner=_tidied("owner", owner)), sync)


def add_tags(run: Run, tags: Iterable[str]) -> RunMetadata:
    """Adds those that it does not have, be it in other upper and lower case. Raises TrainDeskError."""
    added = tuple(tags)
    return _change(run, lambda metadata: replace(metadata, tags=_tidied("tags", (*metadata.tags, *added))))


def remove_tags(run: Run, tags: Iterable[str]) -> RunMetadata:
    """Removes those that it has, in whatever case. Raises TrainDeskError when they cannot be stored."""
    gone = {clean_line(tag).casefold() for tag in tags}
    return _change(
        run, lambda metadata: replace(metadata, tags=tuple(tag for tag in metadata.tags if tag.casefold() not in gone))
    )


def _change(run: Run, make: Callable[[RunMetadata], RunMetadata], sync: bool = True) -> RunMetadata:
    refuse_example(run, "renamed")
    with locked(run.folder.parent, "labels"):
        try:
            before = _read(run)
            after = make(before)
            _check(after)
            if after != before:
                write_stored(run.metadata_file, after, sync=sync)
        except OSError as error:
            raise TrainDeskError(
                f"What was changed of run {run.id} could not be stored ({error.strerror}); free space or check its folder."
            ) from error
    return after


def _read(run: Run) -> RunMetadata:
    """Raises OSError when the file is there but cannot be read: to write it anew would lose what it holds."""
    try:
        found = stored_as(RunMetadata, parse_json(read_bytes(run.metadata_file)))
    except FileNotFoundError:
        return RunMetadata()
    tags = [tag for tag in found.tags if "," not in tag and len(tag) <= LONGEST_TAG]
    return replace(
        found,
        title=clean_line(found.title)[:LONGEST_TITLE],
        note=_tidied("note", found.note)[:LONGEST_NOTE],
        tags=_tidied("tags", tags)[:MOST_TAGS],
        owner=clean_line(found.owner)[:LONGEST_TITLE],
    )


def _tidied(name: str, value: Any) -> Any:
    """A field's value as it is kept."""
    if name == "favourite":
        return bool(value)
    if name == "tags":
        return _unique(clean_line(tag) for tag in value)
    return clean(value).strip() if name == "note" else clean_line(value)


def _unique(tags: Iterable[str]) -> tuple[str, ...]:
    """The first of those that differ in case alone; a tag of nothing is none."""
    found: dict[str, str] = {}
    for tag in tags:
        if tag:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def _check(metadata: RunMetadata) -> None:
    for name, text, longest in (
        ("title", metadata.title, LONGEST_TITLE),
        ("note", metadata.note, LONGEST_NOTE),
        ("owner", metadata.owner, LONGEST_TITLE),
        *(("tag", tag, LONGEST_TAG) for tag in metadata.tags),
    ):
        if len(text) > longest:
            raise TrainDeskError(
                f"The {name} '{clean_line(text[:30])}…' has {len(text):,} characters; it may have at most {longest:,}, so "
                "shorten it."
            )
    if tag := next((tag for tag in metadata.tags if "," in tag), None):
        raise TrainDeskError(f"The tag '{tag}' has a comma in it, which separates tags; leave it out.")
    if len(metadata.tags) > MOST_TAGS:
        raise TrainDeskError(f"There are {len(metadata.tags)} tags; a run may have at most {MOST_TAGS}, so drop some.")
