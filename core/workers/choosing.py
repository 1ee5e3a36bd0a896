"""Where a run computes whose device is automatic: on the CPU or on a GPU, whichever trains it faster, as it was measured."""

from __future__ import annotations

from pathlib import Path

from core.machine.devices import accelerators
from core.run_config import RunConfig
from core.runs.assignment import Assignment, assign, assignment_of
from core.runs.measured import Measured, keep_measured, measured, note_memory
from core.runs.store import Run


def choose(run: Run, config: RunConfig, given: list[str], goes_on: bool) -> tuple[str, str]:
    """The device of a config to claim, and what people should know of the choice, as a sentence or "".

    `given`: the devices that whoever started the run from the queue chose. A run that goes on stays on the kind of device it was
    on, as the other rounds differently. Where it was not measured what a network takes on both, that is done here.
    """
    wanted, runs_folder = config.training.device, run.folder.parent
    if wanted != "auto" or config.training.devices > 1:
        return wanted, ""
    if given == ["cpu"] or (goes_on and not given and assignment_of(run.folder).devices == ["cpu"]):
        return "cpu", "" if goes_on else _sentence(measured(runs_folder, config).in_words())
    if goes_on:
        return wanted, ""
    was_known = _is_whole(measured(runs_folder, config))
    found = _found(runs_folder, config, given)
    if not found.wants_processor:
        return wanted, _sentence(found.in_words())
    if given and was_known:  # whoever gave it knew that
        return wanted, "Device automatic: a GPU, as no place on the faster CPU was free."
    return "cpu", _sentence(found.in_words())


def forecast_choice(runs_folder: Path, config: RunConfig) -> tuple[str, str]:
    """The device on which such a run would compute, as far as it matters here, and the words for that choice; "" without one."""
    training = config.training
    if training.device != "auto" or training.devices > 1:
        return training.device, ""
    found = _found(runs_folder, config, [])
    return "cpu" if found.wants_processor else "auto", found.in_words()


def _found(runs_folder: Path, config: RunConfig, given: list[str]) -> Measured:
    """What an epoch takes on both: as it is known, else as it is measured, on the GPU that was given; nothing without one."""
    from core.machine.devices import gpu_uuid, gpus_here
    from core.machine.trial import problem_on
    from core.training.device_choice import measure

    if not (gpus := gpus_here()):
        return Measured()
    gpu = next((gpu for gpu in gpus if given and (gpu in given or gpu_uuid(gpu) in given)), gpus[0])
    known = measured(runs_folder, config)
    if _is_whole(known) or problem_on(gpu):
        return known if _is_whole(known) else Measured()
    found = measure(config, gpu)
    if found != Measured():
        keep_measured(runs_folder, config, found)
    return found


def _is_whole(known: Measured) -> bool:
    return bool(known.processor and known.gpu)


def note_device(run: Run, config: RunConfig, devices: tuple[str, ...], uuids: tuple[str, ...]) -> None:
    """Writes down which devices the run took, for whoever starts the next."""
    if set(devices) == {"cpu"} and not accelerators():
        return  # there is nothing to choose
    memory = measured(run.folder.parent, config).memory if len(devices) == 1 else 0
    assign(run.folder, Assignment(list(devices), list(uuids), memory))


def note_used(run: Run, config: RunConfig, memory: int) -> None:
    """Keeps how much of its GPU the run took, in bytes, for the next ones of its kind."""
    if memory and config.training.devices == 1:
        note_memory(run.folder.parent, config, memory)


def _sentence(words: str) -> str:
    return f"Device {words}." if words else ""
