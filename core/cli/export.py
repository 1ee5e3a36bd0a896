"""The command that takes a run along: its network for other programs and other people, or its metrics."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path

from core.cli.common import A_RUN, Commands, Result, WrongInput, find
from core.errors import TrainDeskError
from core.export.kept import keep, name_of
from core.export.kinds import KINDS, make
from core.export.metrics import as_csv, as_parquet, to_mlflow, to_tensorboard
from core.export.telling import Tell
from core.files import write_atomically
from core.machine.posix import be_gentle
from core.runs.history import History
from core.text.numbers import bytes_in_words, percent

TABLES = {"csv": as_csv, "parquet": as_parquet}
INTERVAL = 0.2  # seconds between two words of how far it is


def add_export_command(commands: Commands, network: argparse.ArgumentParser) -> None:
    """Adds it to those of all. `network` is the parent with the choice of a checkpoint."""
    export = commands.add("export", _export, "take a run along: its network, or its metrics", A_RUN, network)
    export.add_argument("to", choices=[*KINDS, *TABLES, "tensorboard", "mlflow"])
    place = (
        "the file to write, for MLflow its folder or address (default for networks: the run's title, in this folder)"
    )
    export.add_argument("place", metavar="PLACE", nargs="?", default="", help=place)
    export.add_argument(
        "--pictures", action="store_true", help="put one's own pictures into the file of a run (with 'run')"
    )
    export.add_argument("--progress", type=Path, metavar="FILE", help="keep how far it is in this file, as JSON")
    export.add_argument("--keep", action="store_true", help="note beside the file what was found, for the dashboard")
    export.add_argument("--gently", action="store_true", help="leave the processor to whatever else needs it")


def _export(options: argparse.Namespace) -> Result:
    if options.to in KINDS:
        return _taken_along(options)
    run = find(options)
    if options.to == "tensorboard":
        folder = to_tensorboard(run)
        return Result({"run": run.id, "folder": str(folder)}, f"Written; see it with: tensorboard --logdir {folder}")
    if not options.place:
        what = "MLflow's folder or address" if options.to == "mlflow" else f"the file, such as run.{options.to}"
        raise WrongInput(f"Say where to: {what} comes after '{options.to}'.")
    if options.to == "mlflow":
        run_id = to_mlflow(run, options.place)
        return Result({"run": run.id, "mlflow_run": run_id}, f"{run.id} is run {run_id} of MLflow.")
    path = Path(options.place)
    try:
        path.write_bytes(TABLES[options.to](History(run).update()))
    except OSError as error:
        raise TrainDeskError(f"{path} could not be written ({error.strerror}); choose another place.") from error
    return Result({"run": run.id, "file": str(path)}, f"Written to {path}.")


def _taken_along(options: argparse.Namespace) -> Result:
    run, kind = find(options), KINDS[options.to]
    if options.pictures and kind.name != "run":
        raise WrongInput(f"--pictures goes with 'run', not with '{kind.name}'; leave it out.")
    if options.gently:
        be_gentle(10)
    place = Path(options.place or name_of(run, kind))
    if place.is_dir():
        place /= name_of(run, kind)
    more = {"pictures": True} if options.pictures else {}
    found = make(kind, run, place, options.network, options.data, _tell(options.progress), **more)
    if options.keep:
        keep(place, {"run": run.id, **found})
    said = f"{found['sentence']} " if found.get("sentence") else ""
    return Result(
        {"run": run.id, "kind": kind.name, **found}, f"{said}Written to {place} ({bytes_in_words(found['bytes'])})."
    )


def _tell(file: Path | None) -> Tell:
    """Says how far it is: in the file, or on a terminal."""
    last = [-INTERVAL]

    def tell(share: float, words: str) -> None:
        now = time.monotonic()
        if now - last[0] < INTERVAL and share < 1:
            return
        last[0] = now
        if file:
            with contextlib.suppress(OSError):  # whoever asked may be gone
                write_atomically(file, json.dumps({"share": share, "words": words}).encode(), sync=False)
        elif sys.stderr.isatty():
            print(f"\r{percent(share, 0)} {words:<60}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)

    return tell
