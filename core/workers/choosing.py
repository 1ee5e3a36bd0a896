"""Where a run computes whose device is automatic: on the CPU or on a GPU, whichever trains it faster, as it was measured."""

from __future__ import annotations

from core.run_config import RunConfig
from core.runs.assignment import Assignment, assign, assignment_of
from core.runs.measured import keep_measured, measured, note_memory
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
    from core.machine.devices import gpu_uuid, gpus_here
    from core.machine.trial import problem_on

    if goes_on or not (gpus := gpus_here()):
        return wanted, ""
    gpu = next((gpu for gpu in gpus if given and (gpu in given or gpu_uuid(gpu) in given)), gpus[0])
    if problem_on(gpu):
        return wanted, ""
    found = measured(runs_folder, config)
    is_known = bool(found.processor and found.gpu)
    if not is_known:
        from core.training.device_choice import measure

        found = measure(config, gpu)
        keep_measured(runs_folder, config, found)
    if not found.wants_processor:
        return wanted, _sentence(found.in_words())
    if given and is_known:  # whoever gave it knew that
        return wanted, "Device automatic: a GPU, as no place on the faster CPU was free."
    return "cpu", _sentence(found.in_words())


def note_device(run: Run, config: RunConfig, devices: tuple[str, ...], uuids: tuple[str, ...]) -> None:
    """Writes down which devices the run took, for whoever starts the next."""
    memory = measured(run.folder.parent, config).memory if len(devices) == 1 else 0
    assign(run.folder, Assignment(list(devices), list(uuids), memory))


def note_used(run: Run, config: RunConfig, memory: int) -> None:
    """Keeps how much of its GPU the run took, in bytes, for the next ones of its kind."""
    if memory and config.training.devices == 1:
        note_memory(run.folder.parent, config, memory)


def _sentence(words: str) -> str:
    return f"Device {words}." if words else ""
