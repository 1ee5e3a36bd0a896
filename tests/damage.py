"""Damage of every kind to one file: values, lines, arrays and rows that are not what they should be, and bytes that are lost."""

from __future__ import annotations

import io
import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

DEEP = "[" * 5000 + "]" * 5000
ODD = (  # JSON, and what only looks like it
    "null", "true", "false", "0", "-1", "1.5", "1e308", "-1e308", "1e999", "NaN", "Infinity", "-Infinity", "1" + "0" * 400,
    "-" + "9" * 400, "9" * 18, str(2**63), str(2**31), "1e-320", '""', '"x"', '"NaN"', '"1"', '"\\u0000"', '"\\ud800"',
    '"\\u202eabc"', '"<script>alert(1)</script>"', '"../../../etc/passwd"', '"' + "w" * 5000 + '"', "[]", "{}", "[[]]", "[null]",
    "[1, 2, 3]", '["a", 1, null]', '{"a": {"b": []}}', '{"name": 1}', DEEP,
)  # fmt: skip
MARK = "\ue000 here something odd \ue000"


def damage(path: Path, dice: random.Random) -> str:
    """Damages a file in one of the ways of its kind, or as a whole. Returns what was done."""
    whole: list[Callable[[Path, random.Random], str]] = [_cut, _flip, _garbage, _empty, _folder, _lines, _gone]
    ways = {".jsonl": _odd_line, ".npz": _odd_array, ".sqlite": _odd_row}
    own = ways.get(path.suffix, _odd_value if _content(path.read_bytes()) is not None else _flip)
    way = own if dice.random() < 0.75 else dice.choice(whole)
    try:
        done = way(path, dice)
    except Exception as error:  # what is damaged already cannot be opened to be damaged in its own way
        way, done = _flip, f"{_flip(path, dice)} ({type(error).__name__})"
    return f"{path.name}: {way.__name__.strip('_')} {done}".strip()


def _content(data: bytes | str) -> Any:
    """None of what is damaged already."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def odd_json(content: Any, dice: random.Random) -> tuple[str, str]:
    """The JSON text of `content` with one value replaced, added or left out, and what was done."""
    places: list[tuple[Any, Any]] = [(None, None)]

    def walk(inside: Any) -> None:
        for key in inside if isinstance(inside, dict) else range(len(inside)) if isinstance(inside, list) else ():
            places.append((inside, key))
            walk(inside[key])

    walk(content)
    around, key = dice.choice(places[1:] or places) if dice.random() < 0.95 else places[0]
    odd, what = (
        dice.choice(ODD),
        dice.choice(("replace", "replace", "replace", "replace", "replace", "leave out", "add")),
    )
    if around is None:
        return odd, f"all of it {odd[:40]}"
    if what == "leave out":
        del around[key]
    elif what == "add" and isinstance(around, dict):
        around[dice.choice(("", "x", "name", "__class__", "\u202e", "event"))] = MARK
    else:
        around[key] = MARK
    return json.dumps(content).replace(json.dumps(MARK), odd), f"{what} {key!r} {odd[:40]}"


def _odd_value(path: Path, dice: random.Random) -> str:
    text, what = odd_json(_content(path.read_bytes()), dice)
    path.write_text(text)
    return what


def _odd_line(path: Path, dice: random.Random) -> str:
    lines = path.read_text().splitlines()
    rare = [place for place, line in enumerate(lines) if '"step"' not in line[:40]] or [0]
    place = dice.choice(rare) if dice.random() < 0.7 else dice.randrange(len(lines))
    text, what = odd_json(_content(lines[place]), dice)
    path.write_text("\n".join([*lines[:place], text, *lines[place + 1 :]]) + "\n")
    return f"line {place} {lines[place][:60]}: {what}"


def _odd_array(path: Path, dice: random.Random) -> str:
    with np.load(path) as file:
        arrays = dict(file)
    name = dice.choice(sorted(arrays))
    old = arrays[name]
    ways = {
        "dropped": lambda: None,
        "NaN": lambda: np.full(old.shape, np.nan),
        "infinite": lambda: np.full(old.shape, np.inf, np.float32),
        "negative": lambda: np.full(old.shape, -7, np.int64),
        "huge": lambda: np.full(old.shape, 2**62, np.int64),
        "text": lambda: np.full(old.shape, "x"),
        "complex": lambda: old.astype(np.complex64),
        "flags": lambda: np.zeros(old.shape, bool),
        "shorter": lambda: old[: len(old) // 2] if old.ndim else old,
        "none": lambda: old[:0] if old.ndim else old,
        "flat": lambda: old.ravel(),
        "deeper": lambda: old[None],
        "one number": lambda: np.float64(3),
        "columns": lambda: np.repeat(old[..., None], 3, -1),
        "times": lambda: np.full(old.shape, "2020-01-01", "datetime64[s]"),
    }
    way = dice.choice(sorted(ways))
    new = ways[way]()
    arrays.pop(name) if new is None else arrays.update({name: new})
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    path.write_bytes(buffer.getvalue())
    return f"{name} {way}"


def _odd_row(path: Path, dice: random.Random) -> str:
    with sqlite3.connect(path) as file:
        tables = [name for (name,) in file.execute("select name from sqlite_master where type = 'table' order by name")]
        if not tables:
            return "no tables"
        table = dice.choice(tables)
        columns = [column[1] for column in file.execute(f"pragma table_info({table})")]
        column, way = dice.choice(columns), dice.random()
        odd = dice.choice(
            (None, -1, 2**62, 1e308, float("inf"), "", "x", "\x00", b"", b"\xff\xfe\x00", "[]", 10**9, "w" * 5000)
        )
        if way < 0.1:
            what = f"drop table {table}"
        elif way < 0.2:
            what = f"delete from {table}"
        elif way < 0.3:
            what = f"alter table {table} rename column {column} to other"
        else:
            some = (
                "" if way < 0.5 else f" where rowid in (select rowid from {table} limit 1 offset {dice.randrange(9)})"
            )
            what = f"update or ignore {table} set {column} = ?{some}"
        try:
            file.execute(what, (odd,) if "?" in what else ())
        except sqlite3.Error as error:
            what += f" ({error})"
    file.close()
    return f"{what} {odd!r:.40}"


def _cut(path: Path, dice: random.Random) -> str:
    data = path.read_bytes()
    path.write_bytes(data[: dice.randrange(len(data) + 1)])
    return ""


def _flip(path: Path, dice: random.Random) -> str:
    data = bytearray(path.read_bytes())
    for _ in range(dice.choice((1, 3, 30))):
        if data:
            data[dice.randrange(len(data))] = dice.randrange(256)
    path.write_bytes(data)
    return ""


def _garbage(path: Path, dice: random.Random) -> str:
    path.write_bytes(dice.randbytes(dice.choice((1, 7, 500, 70_000))))
    return ""


def _empty(path: Path, _: random.Random) -> str:
    path.write_bytes(b"")
    return ""


def _folder(path: Path, _: random.Random) -> str:
    path.unlink()
    path.mkdir()
    return ""


def _lines(path: Path, dice: random.Random) -> str:
    path.write_text("\n".join(dice.choice(ODD) for _ in range(5)) + "\n")
    return ""


def _gone(path: Path, _: random.Random) -> str:
    path.unlink()
    return ""
