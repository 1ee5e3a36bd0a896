"""Damage of every kind to what lies on disk, made from a seed, and every page opened over it.

    python -m tests.mutants --kind runs --mutants 1000

makes so many mutants of one kind, or of every kind, opens the pages that show them and prints what fell over and the
slowest page.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

DEEP = "[" * 5000 + "]" * 5000
ODD = (  # JSON, and what only looks like it
    "null", "true", "false", "0", "-1", "1.5", "1e308", "-1e308", "1e999", "NaN", "Infinity", "-Infinity", "1" + "0" * 400,
    "-" + "9" * 400, "9" * 18, str(2**63), str(2**31), "1e-320", '""', '"x"', '"NaN"', '"1"', '"\\u0000"', '"\\ud800"',
    '"\\u202eabc"', '"<script>alert(1)</script>"', '"../../../etc/passwd"', '"' + "w" * 5000 + '"', "[]", "{}", "[[]]", "[null]",
    "[1, 2, 3]", '["a", 1, null]', '{"a": {"b": []}}', '{"name": 1}', DEEP,
)  # fmt: skip
MARK = "\ue000 here something odd \ue000"
BATCH = 20  # mutants that lie beside each other
LIST_PAGES = ("", "runs", "compare", "experiment", "data", "train", "classify", "system", "demo", "run")


class Failure(NamedTuple):
    """A page that fell over."""

    page: str
    mutant: str  # what was done
    said: str


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


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def _mutant(template: Path, place: Path, dice: random.Random) -> str:
    """A copy of a folder in which one to three files are damaged."""
    shutil.copytree(template, place)
    done = []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if files := _files(place):
            done.append(damage(dice.choice(files), dice))
    return f"{template.name}: " + "; ".join(done)


class Ground:
    """A runs folder and a data folder with something of everything, and the templates of mutants."""

    def __init__(self, folder: Path):
        from core.files import Trash
        from core.image_sets.folders import sets_folder
        from core.image_sets.imports import Progress, Request, imports_folder, new_job
        from core.runs.metadata import change_metadata
        from tests.own import class_files, own_dataset, staged
        from tests.pages.fake_runs import STATUSES, fake_run
        from tests.pages.trained import train

        self.runs, self.data, self.templates = folder / "runs", folder / "data", folder / "templates"
        for each in (self.runs, self.data, self.templates / "runs"):
            each.mkdir(parents=True)
        os.environ.update(TRAINDESK_RUNS=str(self.runs), TRAINDESK_DATA=str(self.data))
        self.dataset = own_dataset(self.data, folder / "brought", {"stripes": 12, "dots": 12})
        self.trained = train(self.templates / "runs", self.data, experiment="Learning rates")
        change_metadata(self.trained, note="a note", tags=("one", "two"), favourite=True)
        own = train(self.templates / "runs", self.data, dataset={"name": "own_images", "source": self.dataset.id})
        whole = shutil.copytree(self.trained.folder, self.runs / self.trained.folder.name)
        shutil.copytree(own.folder, self.runs / own.folder.name)
        fakes = [fake_run(self.templates / "runs", status) for status in STATUSES]
        self.runs_to_harm = [run.folder for run in (self.trained, own, *fakes)]  # in this order each time
        _, report = staged(folder, class_files({"rings": 6, "dots": 6}))
        self.imports_to_harm: list[Path] = []
        for state in ("ready", "asking", "failed"):
            job = new_job(self.data)
            job.write(Request(path=str(folder / "pictures.zip"), title="Patterns"))
            job.write(Progress(state, message="Nothing there." if state == "failed" else ""))
            if state != "failed":
                job.write(report)
            shutil.copytree(folder / "set of pictures.zip", job.folder / "set")
            self.imports_to_harm.append(Path(shutil.move(job.folder, self.templates / "imports" / job.id)))
        shutil.copytree(self.dataset.folder, self.templates / "sets" / self.dataset.id)
        shutil.copytree(whole, self.runs / "thrown-away")
        Trash(self.runs).put("thrown-away")
        shutil.copytree(self.dataset.folder, sets_folder(self.data) / "20260101-000000-old")
        Trash(sets_folder(self.data)).put("20260101-000000-old")
        imports_folder(self.data).mkdir(exist_ok=True)


def run_mutants(ground: Ground, dice: random.Random, number: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(page, mutant, address) to be opened, each while its mutant lies there."""
    templates = ground.runs_to_harm
    weights = [10 if (each / "best.pt").exists() else 1 for each in templates]
    made: dict[str, str] = {}
    for count in range(number):
        [template] = dice.choices(templates, weights)
        name = f"mutant-{count:04d}"
        made[name] = _mutant(template, ground.runs / name, dice)
        for page in ("run", dice.choice(("train", "classify", "compare"))):
            query = (
                {"runs": f"{name},{ground.trained.id}"}
                if page == "compare"
                else {"from" if page == "train" else "run": name}
            )
            yield page, made[name], query
        if len(made) == BATCH or count == number - 1:
            for page in LIST_PAGES:
                yield page, " | ".join(made.values()), {"experiment": "Learning rates"} if page == "experiment" else {}
            yield "compare", " | ".join(made.values()), {"runs": ",".join(list(made)[:6])}
            for each in made:
                shutil.rmtree(ground.runs / each)
            made.clear()


def import_mutants(ground: Ground, dice: random.Random, number: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The same of imports."""
    templates = ground.imports_to_harm
    for count in range(number):
        place = ground.data / "imports" / f"2026-mutant-{count:04d}"
        mutant = _mutant(dice.choice(templates), place, dice)
        yield "data", mutant, {"import": place.name}
        yield dice.choice(("data", "", "train")), mutant, {}
        shutil.rmtree(place, ignore_errors=True)


def dataset_mutants(ground: Ground, dice: random.Random, number: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The same of datasets of own pictures."""
    place = ground.data / "sets" / ground.dataset.id
    own = next(run.name for run in ground.runs.glob("2*") if run.name != ground.trained.folder.name)
    for _ in range(number):
        shutil.rmtree(place, ignore_errors=True)
        mutant = _mutant(ground.templates / "sets" / ground.dataset.id, place, dice)
        yield "data", mutant, {"set": ground.dataset.id}
        page = dice.choice(("data", "", "train", "run", "classify", "runs", "system"))
        yield page, mutant, {"run": own} if page in ("run", "classify") else {"from": own} if page == "train" else {}


def workspace_mutants(ground: Ground, dice: random.Random, number: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The same of settings, notes and the index of a folder of runs."""
    from core.demo import _note
    from core.runs.workspace import write_setting
    from tests.pages.apps import open_app

    write_setting(ground.runs, "workers", 2)
    _note(ground.runs, "", [ground.trained, ground.trained])
    open_app("runs")
    template = ground.templates / "workspace"
    place = ground.runs / ".traindesk"
    shutil.copytree(place, template)
    for count in range(number):
        shutil.rmtree(place, ignore_errors=True)
        mutant = _mutant(template, place, dice)
        yield LIST_PAGES[count % len(LIST_PAGES)], mutant, {}
        yield dice.choice(LIST_PAGES), mutant, {}
    shutil.rmtree(place, ignore_errors=True)


def trash_mutants(ground: Ground, dice: random.Random, number: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The same of what was deleted."""
    for count in range(number):
        beside = dice.choice((ground.runs, ground.data / "sets"))
        [template] = (beside / ".trash").glob("*")
        hidden = template.rename(beside / "kept")
        mutant = _mutant(hidden, beside / ".trash" / template.name, dice)
        hidden.rename(ground.templates / "kept")
        yield ("runs" if beside == ground.runs else "data"), mutant, {}
        yield ("system", "", "runs", "data")[count % 4], mutant, {}
        shutil.rmtree(beside / ".trash" / template.name)
        (ground.templates / "kept").rename(beside / ".trash" / template.name)


KINDS = {
    "runs": run_mutants,
    "imports": import_mutants,
    "datasets": dataset_mutants,
    "workspace": workspace_mutants,
    "trash": trash_mutants,
}


def open_all(
    ground: Ground, kind: str, number: int, seed: int = 0
) -> tuple[list[Failure], list[tuple[float, str, str]]]:
    """What fell over, and (seconds, page, mutant) of every page, the slowest first."""
    from streamlit import config

    from tests.pages.apps import open_app

    config.set_option("client.showErrorDetails", "full")
    failures, times = [], []
    for page, mutant, query in KINDS[kind](ground, random.Random(seed), number):
        began = time.perf_counter()
        try:
            open_app(page, **query)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            failures.append(Failure(page, mutant, f"{type(error).__name__}: {error}"))
        times.append((time.perf_counter() - began, page, mutant))
    return failures, sorted(times, reverse=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-fences", action="store_true", help="also what a sentence would stand for falls over")
    asked = parser.parse_args()
    from core.workers import dispatch
    from pages.components.shell import messages

    if asked.without_fences:
        messages.UNFORESEEN = type("Nothing", (Exception,), {})
    dispatch.start_detached = lambda *_, **__: None  # what waits stays waiting
    os.environ |= {"TRAINDESK_EXAMPLE": os.devnull, "TRAINDESK_STANDBY": "0", "TRAINDESK_PROBE": "0"}
    with tempfile.TemporaryDirectory(prefix="traindesk-mutants-") as folder:
        ground = Ground(Path(folder))
        for kind in asked.kind or KINDS:
            failures, times = open_all(ground, kind, asked.mutants, asked.seed)
            for failure in failures:
                print(f"FAILED {failure.page or 'home'}: {failure.mutant[:300]}\n    {failure.said[:1500]}")
            slowest, page, mutant = times[0]
            print(
                f"{kind}: {asked.mutants} mutants, {len(times)} pages, {len(failures)} fell over; "
                f"the slowest took {slowest:.1f} s ({page or 'home'}: {mutant[:100]})",
                flush=True,
            )


if __name__ == "__main__":
    main()
