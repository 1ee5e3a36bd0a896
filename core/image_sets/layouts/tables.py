"""Tables beside the pictures (CSV, TSV, JSON lines): which column names the file, which the class, which the split."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field

from core.files import parse_json
from core.image_sets.layouts.encoding import decoded
from core.image_sets.layouts.split_names import meaning
from core.image_sets.sources import SourceFile

NAMES = frozenset(
    """
    file filename file_name file_path filepath image image_name image_file image_path image_id img img_name
    img_path path name id picture photo
    """.split()
)
LABELS = tuple(
    """
    label_name class_name category_name label labels class classes category categories target species breed
    diagnosis dx tag classname y
    """.split()
)
SPLITS = frozenset("split set subset partition usage phase".split())
BOXES = (frozenset(("xmin", "ymin", "xmax", "ymax")), frozenset(("x1", "y1", "x2", "y2")), frozenset(("bbox",)))
MEASURES = frozenset("age price score value weight height width count length temperature size year".split())
YES, NO = frozenset(("1", "1.0", "true", "yes")), frozenset(("0", "0.0", "false", "no", ""))
FEW_VALUES = 20


@dataclass
class Table:
    """What a table says: rows of (file, label, split), as they stand in it."""

    entry: SourceFile
    encoding: str = ""
    column: str = ""  # the one of labels, as it is called
    is_named: bool = False  # does the column's name say that it holds labels?
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    several: int = 0  # rows with several classes or none, where each class has a column of its own
    numbers: int = 0  # different numbers in the column, if it holds values to estimate
    is_boxes: bool = False  # does it say where things are in a picture?


def read_table(entry: SourceFile, data: bytes, known: set[str]) -> Table | None:
    """None where it is about something else. `known` are the names of the pictures, with and without ending, in small letters."""
    text, encoding = decoded(data)
    heads, rows = _json_lines(text) if entry.parts[-1].casefold().endswith(".jsonl") else _rows(text)
    width = len(heads)
    rows = [row for row in rows if len(row) >= width and any(cell.strip() for cell in row)]
    if width < 2 or not rows:
        return None
    small = [head.strip().casefold().replace(" ", "_") for head in heads]
    hits = [sum(_last(row[column]) in known for row in rows) for column in range(width)]
    at = max(range(width), key=lambda column: (hits[column], small[column] in NAMES))
    if not hits[at]:
        return None
    if _last(heads[at]) in known:  # there is no line of heads
        rows, small = [heads, *rows], [""] * width
    found = Table(entry, encoding)
    if any(boxes <= set(small) for boxes in BOXES):
        found.is_boxes = True
        return found
    split_at = next((column for column in range(width) if small[column] in SPLITS and column != at), None)
    others = [column for column in range(width) if column not in (at, split_at)]
    split = [meaning(row[split_at]) if split_at is not None else "" for row in rows]
    single = next((small.index(name) for name in LABELS if name in small and small.index(name) in others), None)
    if single is None:
        single = next((column for column in others if small[column].endswith(("_label", "_class", "_category"))), None)
    hot = [column for column in others if all(row[column].strip().casefold() in YES | NO for row in rows)]
    if single is None and len(hot) > 1:
        found.is_named, found.column = True, "one column for each class"
        for row, part in zip(rows, split, strict=True):
            classes = [heads[column].strip() for column in hot if row[column].strip().casefold() in YES]
            if len(classes) == 1:
                found.rows.append((row[at], classes[0], part))
            else:
                found.several += 1
        return found
    found.is_named = single is not None
    if single is None:
        single = next((column for column in others if _are_labels([row[column] for row in rows])), None)
        single = others[0] if single is None and len(others) == 1 else single
    if single is None:
        return None
    found.column = heads[single].strip() if any(small) else f"column {single + 1}"
    values = [row[single].strip() for row in rows]
    found.numbers = _measured(values, small[single])
    if not found.numbers and not found.is_named and not _are_labels(values):
        return None
    found.rows = [(row[at], value, part) for row, value, part in zip(rows, values, split, strict=True) if value]
    return found


def _rows(text: str) -> tuple[list[str], list[list[str]]]:
    try:
        lines = text.splitlines()
        first = next((line for line in lines if line.strip()), "")
        between = max(",;\t|", key=first.count)
        rows = list(csv.reader(io.StringIO(text), delimiter=between, skipinitialspace=True))
    except csv.Error:
        return [], []
    rows = [row for row in rows if row]
    return (rows[0], rows[1:]) if rows else ([], [])


def _json_lines(text: str) -> tuple[list[str], list[list[str]]]:
    """metadata.jsonl: one object a line; only what is text or a number counts."""
    objects = []
    for line in text.splitlines():
        if isinstance(each := parse_json(line), dict):
            objects.append(each)
        elif line.strip():
            return [], []
    heads = list(dict.fromkeys(key for each in objects[:100] for key in each))
    return heads, [[_cell(each.get(head)) for head in heads] for each in objects]


def _cell(value: object) -> str:
    return str(value) if isinstance(value, (str, int, float)) else ""


def _last(value: str) -> str:
    return value.strip().replace("\\", "/").rpartition("/")[2].casefold()


def _are_labels(values: list[str]) -> bool:
    """Do the values repeat, as classes do?"""
    counted = Counter(value.strip() for value in values if value.strip())
    return 1 < len(counted) <= max(2, len(values) // 2)


def _measured(values: list[str], name: str) -> int:
    """How many different numbers there are, if they measure something; 0 for classes."""
    try:
        numbers = [float(value.replace(",", ".")) for value in values if value]
    except ValueError:
        return 0
    different = len(set(numbers))
    if different <= FEW_VALUES:
        return 0
    broken = any(not each.is_integer() for each in numbers)
    return different if broken or name in MEASURES or different * 5 > len(numbers) else 0
