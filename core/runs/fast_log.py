"""Large logs read fast: steps and validations as columns through pyarrow's JSON reader, a million in less than a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from core.runs.curve import COLUMNS, VALIDATION_COLUMNS
from core.runs.events import LATEST, MOST, STEP, VALIDATION, Event, event_in

LARGE = 1_000_000  # bytes; smaller parts of a log are read quicker line by line
AT_ONCE = 1 << 24  # bytes that are read and parsed at a time: memory that was used a moment ago is quicker than new
BLOCK = 1 << 20  # bytes that each of pyarrow's threads parses at a time; a longer line is not read this way
NAMES = {STEP: COLUMNS, VALIDATION: VALIDATION_COLUMNS}


class Rows(NamedTuple):
    """Events of one kind that follow each other, but for those of the other kind."""

    kind: str
    columns: dict[str, np.ndarray]  # float64 (N,)


def pieces(data: bytes) -> Iterator[Event | Rows] | None:
    """The events of complete lines in their order: each by itself, but steps and validations between two others as columns.

    None when a line is damaged or anything else is unusual; then it must be read line by line.
    """
    import pyarrow as pa
    import pyarrow.compute
    import pyarrow.json

    number = pa.float64()
    names = dict.fromkeys(name for names in NAMES.values() for name in names)
    schema = pa.schema([("event", pa.string()), *((name, number) for name in names)])
    try:
        table = pyarrow.json.read_json(
            pa.BufferReader(data),
            read_options=pyarrow.json.ReadOptions(block_size=BLOCK),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    if len(ends) != len(table):  # an empty line, or an object over two lines
        return None
    columns = {name: table[name].to_numpy() for name in names}
    for name, values in columns.items():
        if name.endswith("/accuracy"):  # as a line by itself is checked
            columns[name] = np.where((values >= 0) & (values <= 1), values, np.nan)
    step, time = columns["step"], columns["time"]
    is_whole = (step >= 0) & (step <= MOST) & (step == np.floor(step)) & (time >= 0) & (time < LATEST)
    kinds = {}
    for kind in NAMES:
        is_of_kind = pyarrow.compute.equal(table["event"], kind).to_numpy(zero_copy_only=False)
        kinds[kind] = np.flatnonzero(np.equal(is_of_kind, True) & is_whole)
    return _in_order(data, ends, kinds, columns)


def _in_order(
    data: bytes, ends: np.ndarray, kinds: dict[str, np.ndarray], columns: dict[str, np.ndarray]
) -> Iterator[Event | Rows]:
    """kinds: which rows are of each kind that is read as columns."""
    is_other = np.ones(len(ends), dtype=bool)
    for rows in kinds.values():
        is_other[rows] = False
    begin = 0
    for other in [*np.flatnonzero(is_other).tolist(), len(ends)]:
        for kind, rows in kinds.items():
            some = rows[np.searchsorted(rows, begin) : np.searchsorted(rows, other)]
            if len(some):
                yield Rows(kind, {name: columns[name][some] for name in NAMES[kind]})
        if other < len(ends) and (event := event_in(data[ends[other - 1] + 1 if other else 0 : ends[other]])):
            yield event
        begin = other + 1
