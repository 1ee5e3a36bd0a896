"""The event log of a run: one JSON object a line, appended by its worker, read from any offset by anyone."""

from __future__ import annotations

import errno
import json
import math
import os
import time
from collections.abc import Callable
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import Any

from core.files import opened, parse_json

Event = dict[str, Any]
Record = Callable[..., Event]  # takes the kind and values of an event, writes it and returns it

# kinds of events, the value of "event" in each line
DOWNLOAD, PREPARING, STARTED, STEP, EPOCH, TEST = "download", "preparing", "started", "step", "epoch", "test"
VALIDATION = "validation"  # within an epoch
RESUMING, RESUMED, LEARNING_RATE, PLAYBACK, NOTICE = "resuming", "resumed", "learning_rate", "playback", "notice"
WAITED = "waited"  # step by step, for a person
PAUSED, FINISHED, STOPPED, FAILED = "paused", "finished", "stopped", "failed"
INTERRUPTED = "interrupted"  # the last of a run that was saved while it trained, where it is opened again
ENDS = (PAUSED, FINISHED, STOPPED, FAILED, INTERRUPTED)  # after these no process works on the run
LATEST = 253_402_300_800.0  # Unix seconds: the end of the year 9999
MOST = 2**53  # whole numbers up to this are exact as floats

_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


class EventWriter:
    """Appends events to a log. A half line left by a killed writer is ended first, so that it spoils no other."""

    def __init__(self, path: Path):
        self._file: FileIO = path.open("ab", buffering=0)  # what a full disk refuses must not wait for the next line
        self.has_events = self._file.tell() > 0  # from before
        self._is_torn = self.has_events and not _ends_with_newline(path)
        self._began = time.time() - _steady()

    def write(self, kind: str, **values: Any) -> Event:
        """Appends one event with the time in Unix seconds; numbers that are not finite become null, as JSON has none.

        A clock that is set meanwhile changes nothing: of one writer the times differ by the seconds that passed.

        Raises OSError when the line could not be written whole.
        """
        event = {"event": kind, "time": round(self._began + _steady(), 3), **_finite(values)}
        line = _ENCODER.encode(event).encode() + b"\n"
        line = b"\n" + line if self._is_torn else line
        self._is_torn = True  # until all of it is written
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)
        self._is_torn = False
        return event

    def close(self) -> None:
        """Ends the writing; every line is already with the system."""
        self._file.close()


def read_events(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """Events of the complete lines from byte `offset` on, and the offset to go on from. A missing log is an empty one.

    Damaged lines are passed over; a half-written last line waits for its end.
    """
    data = complete_lines(path, offset)
    return events_in(data), offset + len(data)


def complete_lines(path: Path, offset: int = 0, most: int = -1) -> bytes:
    """The bytes from `offset` on to the end of the last complete line; none of a missing log, or where a folder lies.

    With `most` about that many, at least one line.
    """
    try:
        with opened(path) as file:
            file.seek(offset)
            data = file.read(most)
            if most >= 0 and b"\n" not in data:
                data += file.readline()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return b""
    return data if data.endswith(b"\n") else data[: data.rfind(b"\n") + 1]


def events_in(data: bytes) -> list[Event]:
    """The events of complete lines; damaged ones are passed over."""
    return [event for line in data.splitlines() if (event := event_in(line))]


def event_in(line: bytes) -> Event | None:
    """The event of one line: whatever stands there, each of its values is what its name promises, or left out.

    None when it is no event.
    """
    said = _plain(line) or parse_json(line)
    if not isinstance(said, dict) or not isinstance(said.get("event"), str):
        return None
    return {name: value for name, value in said.items() if _check_of(name)(value)}


def _plain(line: bytes) -> Event | None:
    """What `parse_json` gives of a line of single values that are all in order, as most are, sooner; else None."""
    try:
        said = _DECODER.decode(line.decode())
    except (ValueError, RecursionError):
        return None
    if type(said) is not dict or b"\\u" in line:
        return None
    for value in said.values():
        kind = type(value)
        if kind is float:
            if value - value != 0:  # infinite, or none
                return None
        elif kind is int:
            if not -(2**63) <= value < 2**63:
                return None
        elif kind is not str and kind is not bool and value is not None:
            return None
    return said


def last_event(path: Path) -> Event | None:
    """The last complete event, read from the end of the log."""
    try:
        size = path.stat().st_size
    except OSError:
        return None
    window = 4 * 1024
    while size:
        try:
            data = complete_lines(path, max(0, size - window))
        except OSError:
            return None
        for line in reversed(data.splitlines()):
            if event := event_in(line):
                return event
        if window >= size:
            return None
        window *= 8
    return None


@lru_cache(maxsize=1024)
def _check_of(name: str) -> Callable[[Any], bool]:
    """What a value of this name must be; metrics are named "split/what"; what nobody reads may be anything."""
    _, slash, what = name.rpartition("/")
    return _FIELDS.get(what if slash else name, _is_metric if slash else lambda _: True)


def _is_number(value: Any) -> bool:
    return type(value) is float or type(value) is int  # as JSON gives them; a truth is neither


def _is_metric(value: Any) -> bool:
    return type(value) is float or value is None or type(value) is int


def _is_share(value: Any) -> bool:
    return value is None or (_is_number(value) and 0 <= value <= 1)


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_class(row: Any) -> bool:
    return isinstance(row, dict) and all(
        check(row.get(name))
        for name, check in {"class": _is_text, "images": _is_whole, **dict.fromkeys(_SCORES, _is_share)}.items()
    )


def _is_list_of(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _is_square(value: Any) -> bool:
    return _is_list_of(_is_list_of(_is_whole))(value) and all(len(row) == len(value) for row in value)


_DECODER = json.JSONDecoder()
_SCORES = ("precision", "recall", "f1")
_FIELDS: dict[str, Callable[[Any], bool]] = {
    "time": lambda value: _is_number(value) and 0 <= value < LATEST,
    "learning_rate": _is_number,
    "seconds": lambda value: _is_number(value) and value >= 0,
    "images_per_second": _is_metric,
    "epoch_seconds": lambda value: _is_number(value) and value >= 0,
    **dict.fromkeys(("best", "by_step"), lambda value: isinstance(value, bool)),
    "remedy": lambda value: (
        isinstance(value, dict) and all(_is_text(each) or _is_number(each) for each in value.values())
    ),
    "class_names": _is_list_of(_is_text),
    "per_class": _is_list_of(_is_class),
    "confusion_matrix": _is_square,
    **dict.fromkeys(("message", "what", "device", "device_name", "layout", "why"), _is_text),
    **dict.fromkeys(("accuracy", *_SCORES), _is_share),
    "precision": lambda value: _is_text(value) or _is_share(value),  # of numbers, of a network
    **dict.fromkeys("epoch step epochs total_steps steps_per_epoch from_epoch classes_known".split(), _is_whole),
    **dict.fromkeys("images train_images val_images test_images parameters threads".split(), _is_whole),
    **dict.fromkeys("memory_bytes done done_bytes total_bytes".split(), _is_whole),
}


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"


def _steady() -> float:
    """Seconds of a clock that nobody sets and that counts on while the computer sleeps, where it has one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
