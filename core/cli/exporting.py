"""The command that hands a run to other programs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.common import Result, WrongInput, find
from core.errors import TrainDeskError
from core.export.metrics import as_csv, as_parquet, to_mlflow, to_tensorboard
from core.runs.history import History

TABLES = {"csv": as_csv, "parquet": as_parquet}


def add_export_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds it to the parser of all."""
    export = commands.add_parser("export", parents=[common], help="hand a run's metrics to other programs")
    export.add_argument("run", metavar="RUN", help="run id, a unique beginning of it, or 'latest'")
    export.add_argument("to", choices=[*TABLES, "tensorboard", "mlflow"])
    export.add_argument(
        "place",
        metavar="PLACE",
        nargs="?",
        default="",
        help="the file to write (csv, parquet), or MLflow's folder or address",
    )
    export.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> Result:
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
