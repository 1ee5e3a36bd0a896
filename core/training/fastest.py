"""Which way to compute is fastest for a config on this very computer: measured once, before its first step, and kept.

Small batches are not worth it and go by a rule. What was measured lies in DATA/cache/fastest.json, so that two runs of the
same settings compute the same way, also where nothing could be measured; a run that goes on computes as before, if its device
still can.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from filelock import FileLock, Timeout

from core.files import read_json, write_atomically
from core.machine.cores import usable_cores
from core.run_config import RunConfig
from core.training.precision import (
    SMALLEST_BATCH,
    Way,
    possible_ways,
    processor,
    uses_tf32,
    way_by_rule,
    way_of,
)
from core.training.trial import seconds_of_ways

OFF = "TRAINDESK_MEASURE"  # 0: nothing is measured
KEPT = 1000  # networks whose times are kept, those measured last
WAIT = 5.0  # seconds for another process that measures
CLEARLY = 1.1  # times as fast as the rule's way another must be: less may be chance

Measure = Callable[[RunConfig, torch.device, Sequence[Way]], dict[Way, float]]


class Choice(NamedTuple):
    """How a run computes."""

    way: Way
    why: str  # for people, a part of a sentence


def choose_way(
    config: RunConfig,
    device: torch.device,
    data_folder: Path,
    pixels: int,
    before: dict[str, Any] | None = None,
    measure: Measure = seconds_of_ways,
) -> Choice:
    """How a run computes in batches of so many pixels (images x channels x height x width).

    `before` is what a checkpoint says (`core.training.checkpoints.resume_content`): a run that goes on keeps its way, unless
    its settings or its device do not allow it. `measure` gives seconds by way, or nothing. Raises TrainDeskError as
    `possible_ways`.
    """
    training = config.training
    ways = possible_ways(training.precision, device)
    on_another, kept = "", None
    if before:
        was = before.get("device") or ("cuda" if before.get("random_cuda") is not None else device.type)
        kept = _kept(before, ways, training.precision)
        if kept is not None and was == device.type:
            return Choice(kept, "as before")
        changed = f"it computed on {_kind(was)} before" if was != device.type else "it cannot go on as before here"
        on_another = f"; chosen anew, because {changed}"
    choice = _choice(config, device, data_folder, pixels, ways, measure)
    tf32 = choice.way.precision == torch.float32 and uses_tf32(device, training.precision, training.repeatable)
    return Choice(choice.way, f"{choice.why}{'; products in TF32' if tf32 else ''}{on_another}")


def _kept(before: dict[str, Any], ways: Sequence[Way], wanted: str) -> Way | None:
    """The way of before, as far as the config leaves it open; runs of before there were two layouts had the one."""
    precision = str(before.get("precision") or "") if wanted == "auto" else wanted
    way = way_of(precision, str(before.get("layout") or "channels last"))
    return way if way in ways else None


def _kind(device: str) -> str:
    return {"cpu": "a CPU", "mps": "Apple's GPU"}.get(device, "a GPU")


def _choice(
    config: RunConfig, device: torch.device, data_folder: Path, pixels: int, ways: Sequence[Way], measure: Measure
) -> Choice:
    training = config.training
    rule = way_by_rule(training.precision, device, pixels)
    if len(ways) == 1:
        return Choice(rule, "the one way for this device")
    if pixels <= SMALLEST_BATCH:
        return Choice(rule, "by rule, as batches are small")
    if training.repeatable and device.type != "cpu":
        return Choice(rule, "by rule, as it is to be repeatable")
    ways = sorted(ways, key=lambda way: way.layout is not rule.layout)  # where times are equal the first is taken
    seconds = _known(config, device, data_folder, ways, measure)
    if not seconds:
        return Choice(rule, "by rule, as nothing was measured")
    way = min(seconds, key=lambda way: seconds[way] * (1 if way == rule else CLEARLY))
    slowest = max(seconds, key=lambda way: seconds[way])
    times = seconds[slowest] / seconds[way]
    if times < CLEARLY:
        return Choice(way, "as nothing is clearly faster here")
    return Choice(way, f"measured here: {times:.1f} times as fast as the slowest way, {slowest}")


def _known(
    config: RunConfig, device: torch.device, data_folder: Path, ways: Sequence[Way], measure: Measure
) -> dict[Way, float]:
    """Seconds of the ways from the file, else measured and kept there, by one process at a time."""
    place = data_folder / "cache" / "fastest.json"
    key = _key(config, device)
    if measure is seconds_of_ways and os.environ.get(OFF) == "0":
        return {}
    if (seconds := _read(place, key, ways)) is not None:
        return seconds
    with _alone(place) as may_write:
        if (seconds := _read(place, key, ways)) is not None:  # another process was quicker
            return seconds
        seconds = measure(config, device, ways)
        if may_write:
            entries = found if isinstance(found := read_json(place), dict) else {}
            entries = {**entries, key: {str(way): value for way, value in seconds.items()}}
            entries = dict(list(entries.items())[-KEPT:])
            with contextlib.suppress(OSError):  # then it is measured again
                write_atomically(place, json.dumps(entries, indent=0).encode(), sync=False)
    return {way: seconds[way] for way in ways if way in seconds}  # in their order


def _read(place: Path, key: str, ways: Sequence[Way]) -> dict[Way, float] | None:
    entries = read_json(place)
    times = entries.get(key) if isinstance(entries, dict) else None
    if not isinstance(times, dict) or not all(map(_is_time, times.values())):
        return None
    return {way: times[str(way)] for way in ways if str(way) in times}


def _is_time(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value) and value > 0


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[bool]:
    """Inside, no other process measures; gives whether the file may be written."""
    with contextlib.ExitStack() as held:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(place.with_name(f".{place.name}.lock"), timeout=WAIT))
            may_write = True
        except (Timeout, OSError):
            may_write = False
        yield may_write


def _key(config: RunConfig, device: torch.device) -> str:
    """Of all that decides how long a step takes, its hash."""
    info, training = config.dataset.info(), config.training
    is_gpu = device.type == "cuda"
    facts = [
        torch.cuda.get_device_name(device) if is_gpu else processor().get("cpu_name"),
        torch.backends.cpu.get_cpu_capability(),
        torch.__version__,
        usable_cores(),  # not the threads of this very run, which has fewer while others train: they would choose otherwise
        config.architecture.model_dump(mode="json"),
        (config.optimizer.name, bool(training.gradient_clip)),
        (info.shape, len(info.class_names), training.batch_size, training.precision),
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
