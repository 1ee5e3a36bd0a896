"""Damage of every kind to what lies on disk, made from a seed, and every page opened over it.

    python -m tests.mutants --kind runs --mutants 1000

makes so many mutants of one kind, or of every kind, opens the pages that show them and prints what fell over and the
slowest page.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from tests.damage import damage

BATCH = 20  # mutants that lie beside each other
LIST_PAGES = ("", "runs", "compare", "experiment", "data", "train", "classify", "system", "demo", "run")


class Failure(NamedTuple):
    """A page that fell over."""

    page: str
    mutant: str  # what was done
    said: str


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
        from core.image_sets.folders import sets_folder
        from core.image_sets.imports import Progress, Request, imports_folder, new_job
        from core.machine.processes import name_process
        from core.machine.trash import Trash
        from core.nodes.registry import Node, write_node
        from core.runs.metadata import change_metadata
        from core.runs.placement import Placement, write_placement
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
        for number, fake in enumerate(fakes):  # of other computers: lost, on their way, and back with all files
            lost, settled = (1.0 if number % 3 == 0 else 0.0), number % 3 == 1
            write_placement(fake.folder, Placement("lab-3", 7, 1.0, lost, settled))
        write_node(self.runs, Node("lab-3", cores=4, cpu_runs=1, speed=1.0, seen=1.0))
        for fake in fakes:  # what lies in a folder for a while only
            for name in ("companion", "progress", "learning_rate", "stop"):
                (fake.folder / name).write_text(self.trained.id if name == "companion" else "0.5")
            fake.worker_pid.touch()
            name_process(fake.worker_pid, os.getpid())
            if fake.starting_mark.exists():
                name_process(fake.starting_mark, os.getpid())
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
    from core.demo import remember
    from core.runs.workspace import write_setting
    from tests.pages.apps import open_app

    write_setting(ground.runs, "workers", 2)
    remember(ground.runs, "", [ground.trained, ground.trained])
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
    ground: Ground, kind: str, number: int, seed: int = 0, tell: Callable[[Failure], None] = lambda _: None
) -> tuple[list[Failure], list[tuple[float, str, str]]]:
    """What fell over, which is also told at once, and (seconds of the processor, page, mutant) of every page, the slowest
    first. No process is started meanwhile: what waits stays waiting."""
    from streamlit import config

    from core.workers import dispatch
    from pages.components.train import core_process
    from tests.pages.apps import open_app

    config.set_option("client.showErrorDetails", "full")
    failures, times = [], []
    with patch.object(dispatch, "start_detached"), patch.object(core_process, "question", side_effect=OSError):
        for page, mutant, query in KINDS[kind](ground, random.Random(seed), number):
            began = time.process_time()
            try:
                open_app(page, **query)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                failures.append(Failure(page, mutant, f"{type(error).__name__}: {error}"))
                tell(failures[-1])
            times.append((time.process_time() - began, page, mutant))
    return failures, sorted(times, reverse=True)


def _tell(failure: Failure) -> None:
    print(f"FAILED {failure.page or 'home'}: {failure.mutant[:300]}\n    {failure.said[:1500]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-fences", action="store_true", help="also what a sentence would stand for falls over")
    asked = parser.parse_args()
    from core import errors

    if asked.without_fences:
        errors.UNFORESEEN = type("Nothing", (Exception,), {})
    os.environ |= {"TRAINDESK_EXAMPLE": os.devnull, "TRAINDESK_STANDBY": "0", "TRAINDESK_PROBE": "0"}
    with tempfile.TemporaryDirectory(prefix="traindesk-mutants-") as folder:
        ground = Ground(Path(folder))
        for kind in asked.kind or KINDS:
            failures, times = open_all(ground, kind, asked.mutants, asked.seed, _tell)
            slowest, page, mutant = times[0]
            print(
                f"{kind}: {asked.mutants} mutants, {len(times)} pages, {len(failures)} fell over; "
                f"the slowest took {slowest:.1f} s ({page or 'home'}: {mutant[:100]})",
                flush=True,
            )


if __name__ == "__main__":
    main()
