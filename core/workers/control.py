"""Going on with a run that is not being trained: after a pause, a stop, a crash, or with more epochs."""

from __future__ import annotations

from core.errors import TrainDeskError
from core.files import remove_file
from core.machine.devices import list_devices, most_devices
from core.nodes.registry import HERE, is_in_touch
from core.run_config import RunConfig
from core.runs.example import refuse_example
from core.runs.placement import placement_of
from core.runs.queue import locked
from core.runs.store import Run, write_config
from core.text.lists import listed
from core.workers.places import take_home


def ask_to_resume(
    run: Run,
    more_epochs: int = 0,
    learning_rate: float | None = None,
    device: str = "",
    computer: str = "",
    devices: int = 0,
    batch_size: int = 0,
) -> None:
    """Makes a run ready for a worker to go on from its last checkpoint; the caller submits or trains it.

    `more_epochs` lengthens the training, and with it the schedule; `learning_rate` (before the schedule) counts from the
    next step on; `device` is where it computes from then on, "" as before, or where automatic chooses when that is not here
    (see `missing_device`), and `devices` on how many at once, 0: as before, of another device as many as are here;
    `batch_size` counts from the next step on, 0: as before; `computer` as in `QueuePlace`. A run whose computer was lost is
    taken from it: when that one is back, it finds that it has lost the run. Raises TrainDeskError when the run is being
    trained, its files are still on their way from another computer, it has nothing left to do, or a value is wrong.
    """
    refuse_example(run, "trained on")
    status = run.status()
    if status.is_active:
        raise TrainDeskError(f"Run {run.id} is being trained; pause or stop it first.")
    if status.name == "queued":
        raise TrainDeskError(f"Run {run.id} waits in the queue already; it starts when its turn comes.")
    config = run.config()
    if learning_rate is not None:
        check_learning_rate(config, learning_rate)
    if more_epochs:
        if more_epochs < 0:
            raise TrainDeskError(f"More epochs is {more_epochs}; it must be at least 1.")
        config = config.with_changes({"training.epochs": config.training.epochs + more_epochs})
    elif status.name == "finished":
        raise TrainDeskError(
            f"Run {run.id} has trained all its {config.training.epochs} epochs; add more epochs to go on."
        )
    device = device or ("auto" if computer in ("", HERE) and missing_device(config) else "")
    if device:
        here = min(config.training.devices, most_devices(device))
        config = config.with_changes({"training.device": device, "training.devices": here})
    if devices:
        config = config.with_changes({"training.devices": devices})
    if batch_size:
        config = config.with_changes({"training.batch_size": batch_size})
    _take_back(run, computer)
    try:
        if more_epochs or device or devices or batch_size:
            write_config(run, config, run.created())
        if learning_rate is not None:
            run.request_learning_rate(learning_rate)
        for request in (run.stop_request, run.pause_request):
            remove_file(request)
    except OSError as error:
        raise TrainDeskError(
            f"Run {run.id} cannot go on ({error.strerror}: {error.filename}); free space or check the folder."
        ) from error


def missing_device(config: RunConfig) -> str:
    """That the device of a training is not on this computer, and where it goes on, in one sentence; "" when it is here."""
    here, wanted = list_devices(), config.training.device
    if wanted in here or (wanted == "cuda" and any(name.startswith("cuda:") for name in here)):
        return ""
    others = [words for name, words in here.items() if name not in ("auto", "cpu")]
    return (
        f"Its device, {wanted}, is not on this computer; it continues on {listed(others, 3) if others else 'the CPU'}."
    )


def _take_back(run: Run, computer: str) -> None:
    """Makes a run that another computer has, or had, this one's, where it is lost or is to go on here. Raises TrainDeskError."""
    with locked(run.folder.parent):
        placement = placement_of(run.folder)
        if placement.is_elsewhere:
            status = run.status()
            if status.is_active:
                raise TrainDeskError(f"Run {run.id} is back in touch: {placement.computer} trains it on.")
            if is_in_touch(run.folder.parent, placement.computer) and not placement.lost:
                raise TrainDeskError(
                    f"Run {run.id} ended on {placement.computer}, and its files are still on their way; try again in a moment."
                )
            if not placement.lost and not computer:
                raise TrainDeskError(
                    f"Run {run.id} is on {placement.computer}, which is out of touch; wait for it, or say where to resume it: "
                    "here, or on another computer."
                )
        if placement.is_elsewhere or computer == HERE:
            take_home(run)


def check_learning_rate(config: RunConfig, learning_rate: float) -> None:
    """Raises SettingsError when the optimizer takes no such learning rate."""
    config.with_changes({"optimizer.learning_rate": learning_rate})
