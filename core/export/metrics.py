"""A run for other programs: its metrics as CSV or Parquet, as TensorBoard's event files, or as a run of MLflow."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import TrainDeskError
from core.export import spreadsheet
from core.files import remove_folder
from core.runs import events
from core.runs.curve import VALIDATION_COLUMNS
from core.runs.events import Event
from core.runs.history import History
from core.runs.metadata import title_of
from core.runs.metrics import OF_SPLITS, OF_STEPS
from core.runs.running import epochs_at
from core.runs.store import Run

if TYPE_CHECKING:
    import pandas as pd

BATCH = 1000  # metrics that MLflow takes at once


def metrics_table(history: History) -> pd.DataFrame:
    """A row for each recorded step, each validation within an epoch and each epoch, in their order; what a row has not is
    empty.

    Columns: `event` ("step", "validation" or "epoch"), `step`, `epoch`, `time` (Unix seconds), the metrics by their names, and
    of how many validation `images` a validation within an epoch measured.
    """
    import pandas as pd

    frames = []
    for kind, curve, names in (
        (events.STEP, history.curve, ("step", "time", *OF_STEPS)),
        (events.VALIDATION, history.validations, VALIDATION_COLUMNS),
    ):
        frame = pd.DataFrame({"event": kind, **{name: curve.column(name) for name in names}})
        frame.insert(2, "epoch", np.ceil(epochs_at(history, curve.column("step"))))
        frames.append(frame)
    epochs = pd.DataFrame([dict(epoch) for epoch in history.epochs])
    filled = [frames[0], *(frame for frame in (frames[1], epochs) if len(frame))]
    table = pd.concat(filled, ignore_index=True) if len(filled) > 1 else frames[0]
    table = table.sort_values(["step", "event"], ascending=[True, False], kind="stable", ignore_index=True)
    return table.astype({"step": "int64", "epoch": "int64"})


def as_csv(history: History) -> bytes:
    """The table of metrics as CSV, UTF-8."""
    return spreadsheet.as_csv(metrics_table(history))


def as_parquet(history: History) -> bytes:
    """The table of metrics as a Parquet file."""
    buffer = io.BytesIO()
    metrics_table(history).to_parquet(buffer, index=False)
    return buffer.getvalue()


class TensorBoardLog:
    """Writes the events of a run into its folder `tensorboard`; `tensorboard --logdir checkpoints` shows them."""

    def __init__(self, run: Run, purge_step: int | None = None):
        """What an earlier log says of steps from `purge_step` on counts no more. Raises OSError."""
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(str(run.folder / "tensorboard"), purge_step=purge_step)
        self._of_steps: set[str] = set()  # metrics that the steps have told: those of epochs are their means
        self._val_images = 0

    def take(self, event: Event) -> None:
        """Raises OSError."""
        kind, step, time = event["event"], event.get("step"), event.get("time")
        if kind in (events.STARTED, events.RESUMED):
            self._val_images = event.get("val_images", 0)
        elif kind == events.STEP:
            for name in OF_STEPS:
                if name in event:
                    self.add(name, event[name], time, step)
                    self._of_steps.add(name)
        elif kind == events.VALIDATION:
            for name in OF_SPLITS:
                tag = name_of_validation(name, event.get("images"), self._val_images)
                self.add(tag, event.get(name), time, step)
        elif kind in (events.EPOCH, events.TEST):
            for name, value in event.items():
                if "/" in name and name not in self._of_steps:
                    self.add(name, value, time, step)
            self._writer.flush()

    def close(self) -> None:
        """Writes what waits. Raises OSError."""
        self._writer.close()

    def add(self, name: str, value: Any, time: float | None, step: int | None) -> None:
        """What was measured at a step, at these Unix seconds; what is not a number is passed over. Raises OSError."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._writer.add_scalar(name, value, step, walltime=time)


def name_of_validation(name: str, images: float | None, val_images: int) -> str:
    """A metric measured within an epoch, on so many of the validation images: "val/loss", of some of them "val_part/loss"."""
    return name if images == val_images else name.replace("val/", "val_part/")


def to_tensorboard(run: Run) -> Path:
    """Writes all that a run has recorded so far, in place of what was written before. Returns the folder.

    Raises TrainDeskError.
    """
    folder = run.folder / "tensorboard"
    history = History(run).update()
    if history.started is None:
        raise TrainDeskError(f"Run {run.id} has recorded nothing yet; wait for its first step.")
    try:
        remove_folder(folder)
        log = TensorBoardLog(run)
        for measured in recorded(history):
            log.add(*measured)
        log.close()
    except OSError as error:
        raise TrainDeskError(f"{folder} could not be written ({error.strerror}); free some space.") from error
    return folder


def to_mlflow(run: Run, place: str, experiment: str = "TrainDesk") -> str:
    """Sends settings, metrics and the best checkpoint to MLflow through its own client. Returns the id of its run.

    place: a folder, or the address of a server or database. Raises TrainDeskError, also when MLflow is not installed.
    """
    try:
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient
    except ImportError:
        raise TrainDeskError("MLflow is not installed here; install it with: pip install mlflow.") from None
    import pandas as pd

    history, config = History(run).update(), run.config()
    try:
        files = None
        if "://" not in place:
            Path(place).mkdir(parents=True, exist_ok=True)
            files = (Path(place).resolve() / "artifacts").as_uri()
        client = MlflowClient(mlflow_uri(place))
        name = config.experiment or experiment
        found = client.get_experiment_by_name(name)
        group = found.experiment_id if found else client.create_experiment(name, artifact_location=files)
        started = int((history.started or {}).get("time", run.created()) * 1000)
        title = title_of(run, config)
        sent = client.create_run(group, start_time=started, run_name=title, tags={"traindesk.run": run.id})
        run_id = sent.info.run_id
        params = [Param(name, str(value)[:500]) for name, value in pd.json_normalize(config.to_dict()).iloc[0].items()]
        metrics = [Metric(name, value, int(time * 1000), step) for name, value, time, step in recorded(history)]
        for start in range(0, max(len(params), 1), 100):
            client.log_batch(run_id, params=params[start : start + 100])
        for start in range(0, len(metrics), BATCH):
            client.log_batch(run_id, metrics=metrics[start : start + BATCH])
        if run.best.is_file():
            client.log_artifact(run_id, str(run.best))
        ended = int(history.end["time"] * 1000) if history.end else None
        status = {events.FINISHED: "FINISHED", events.FAILED: "FAILED"}.get(
            str((history.end or {}).get("event")), "KILLED"
        )
        client.set_terminated(run_id, status=status, end_time=ended)
    except Exception as error:  # MLflow raises many kinds
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
        raise TrainDeskError(f"MLflow at {place} did not take the run ({first}); check the address.") from error
    return run_id


def recorded(history: History) -> list[tuple[str, float, float, int]]:
    """All that was measured as (name, value, Unix seconds, step): of steps, within epochs, at their ends and in the test. What is
    not a number is left out, and of an epoch what its steps have told."""
    told = {name for name in OF_STEPS if np.isfinite(history.curve.column(name)).any()}
    val_images = (history.started or {}).get("val_images", 0)
    last_step = (history.last_step or {}).get("step", 0)
    rows = metrics_table(history).to_dict("records") + [{"step": last_step, **test} for test in [history.test] if test]
    found = []
    for row in rows:
        for name, value in row.items():
            is_measured = name in OF_STEPS if row["event"] == events.STEP else "/" in name and name not in told
            if is_measured and isinstance(value, int | float) and np.isfinite(value):
                if row["event"] == events.VALIDATION:
                    name = name_of_validation(name, row["images"], val_images)
                found.append((name, float(value), float(row["time"]), int(row["step"])))
    return found


def mlflow_uri(place: str) -> str:
    """The address of MLflow's store: a plain folder holds a SQLite file, MLflow's own default."""
    return place if "://" in place else f"sqlite:///{Path(place).resolve() / 'mlflow.db'}"
