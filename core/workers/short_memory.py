"""What a run can be told when memory is short: which of its settings took it, and with what value it may go."""

from __future__ import annotations

import contextlib
from typing import Any

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.machine.memory import OutOfMemory, is_out_of_memory
from core.run_config import RunConfig
from core.runs import events
from core.runs.events import Event, EventWriter, last_event
from core.runs.store import Run
from core.text.numbers import count, fitting

BATCH = "training.batch_size"
_WHAT = "There was not enough memory for these settings"
SIDES = ("dataset.side", "architecture.enlarge_to")  # pixels


def of_memory(error: Exception, run: Run) -> Exception:
    """The same error; of a short memory an OutOfMemory that names a value of the run's config, where one may help."""
    if not isinstance(error, OutOfMemory) and (isinstance(error, TrainDeskError) or not is_out_of_memory(error)):
        return error
    try:
        config = run.config()
    except TrainDeskError:
        return error if isinstance(error, OutOfMemory) else OutOfMemory(_WHAT, "choose a smaller batch size")
    if not isinstance(error, OutOfMemory):
        return OutOfMemory(f"{_WHAT}, a batch of {config.training.batch_size:,} images", *_half_batch(config))
    if not error.remedy and "smaller pictures" in error.ways and (smaller := _smaller_pictures(config)):
        ((path, side),) = smaller.items()
        named = f"smaller pictures, such as {side} instead of {config.value_at(path)} pixels a side"
        return OutOfMemory(error.what, error.ways.replace("smaller pictures", named), smaller)
    return error


def note_killed(run: Run) -> None:
    """Ends the log of a run whose process the system has just ended for memory by a line that says so and what may help."""
    with contextlib.suppress(OSError, Timeout), FileLock(run.worker_lock, timeout=1):
        last = last_event(run.event_log)
        if (last and last["event"] in events.ENDS) or run.queue_place.exists():
            return
        ways, remedy = "choose a smaller batch size or a smaller network", dict[str, Any]()
        with contextlib.suppress(TrainDeskError):
            ways, remedy = _half_batch(run.config())
        log = EventWriter(run.event_log)
        log.write(
            events.INTERRUPTED,
            message=f"The system ended its process because memory ran out; {ways}.",
            **({"remedy": remedy} if remedy else {}),
        )
        log.close()


def with_remedy(run: Run, config: RunConfig) -> RunConfig:
    """The run's config with the values that may help where memory was short when it ended."""
    with contextlib.suppress(TrainDeskError):
        return config.with_changes(_remedy(last_event(run.event_log)))
    return config


def half_batch(end: Event | None) -> int | None:
    """The batch size with which a run that ended so may go on, where another one helps."""
    size = _remedy(end).get(BATCH)
    return size if isinstance(size, int) else None


def _remedy(end: Event | None) -> dict[str, Any]:
    return end.get("remedy", {}) if end and end["event"] in (events.FAILED, events.INTERRUPTED) else {}


def fewer_in_words(images: int) -> str:
    """What is said once of how many pictures fit into the memory where they are measured."""
    number = f"{count(images, 'picture')} {fitting(images, 'are')}"
    return f"Memory was short, so {number} measured at a time from here on; the results stay the same."


def _half_batch(config: RunConfig) -> tuple[str, dict[str, Any]]:
    half = config.training.batch_size // 2
    if half < config.architecture.smallest_batch:
        return "choose a smaller network, smaller pictures or another device", _smaller_pictures(config)
    return f"choose a smaller batch size, such as {half:,}, or a smaller network", {BATCH: half}


def _smaller_pictures(config: RunConfig) -> dict[str, Any]:
    """The next smaller size of what the network sees that may be chosen, where it can be chosen."""
    for path in SIDES:
        spec, now = config.fields().get(path), config.value_at(path)
        sides = [int(side) for side in (spec.choices or ()) if 0 < int(side) < now] if spec and now else []
        if sides:
            return {path: max(sides)}
    return {}
