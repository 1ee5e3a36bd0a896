"""Work that goes through pictures a batch at a time and needs no gradients: where a batch does not fit into the memory it is
halved until it fits. What comes out is the same whatever the batch, as such networks look at each picture alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, TypeVar

import torch

from core.machine.memory import KINDS, OutOfMemory, is_out_of_memory, release, said_of
from core.training.gradients import SMALLER

Batch = TypeVar("Batch")
Result = TypeVar("Result")
Bounds = list[tuple[int, int]]  # start and end of batches
_END = object()


class FewerAtOnce(NamedTuple):
    """Memory was short: so many pictures fit at a time where a batch is not trained on."""

    images: int


class Fit:
    """How many pictures fit at a time, as far as that is known. One is kept for all of a run."""

    def __init__(self) -> None:
        self.most: int | None = None  # None: nothing has failed yet

    def cut(self, bounds: Bounds) -> Bounds:
        """The same pictures in batches that fit."""
        if self.most is None:
            return bounds
        return [(begin, min(begin + self.most, end)) for start, end in bounds for begin in range(start, end, self.most)]


def in_halves(
    bounds: Bounds,
    batches: Callable[[Bounds], Iterable[Batch]],
    compute: Callable[[Batch], Result],
    fit: Fit,
    device: torch.device,
) -> Generator[FewerAtOnce | tuple[int, int, Result], None, None]:
    """What `compute` makes of each batch, in order: (start, end, result). `batches` gives those of some bounds.

    Yields FewerAtOnce when a smaller batch has fitted. Raises OutOfMemory when not even a single picture does.
    """
    waiting, was_short = deque(fit.cut(bounds)), False
    while waiting:
        coming = iter(batches(list(waiting)))
        while waiting:
            start, end = waiting[0]
            found = _tried(coming, compute)
            if found is _END:
                break
            if was_short and fit.most is not None:
                yield FewerAtOnce(fit.most)
            was_short = False
            waiting.popleft()
            yield start, end, found  # type: ignore[misc]
        else:
            return
        del coming
        release(device)
        if end - start == 1:
            raise _too_large(device)
        fit.most, was_short = (end - start + 1) // 2, True
        waiting = deque(fit.cut(list(waiting)))


def within(around: Callable[[], AbstractContextManager[None]], items: Iterable[Batch]) -> Iterator[Batch]:
    """The items, each made within a context of its own."""
    coming = iter(items)
    while True:
        with around():
            item = next(coming, _END)
        if item is _END:
            return
        yield item  # type: ignore[misc]
        del item


def _tried(coming: Iterable[Batch], compute: Callable[[Batch], Result]) -> Result | object:
    """_END when memory was short: told without the error, which would keep alive what was computed."""
    try:
        return compute(next(coming))  # type: ignore[call-overload]
    except KINDS as error:
        if not is_out_of_memory(error):
            raise
    return _END


def all_in_halves(
    images: int, batch_size: int, compute: Callable[[int, int], Result], fit: Fit, device: torch.device
) -> list[Result]:
    """What `compute` makes of the pictures from one number up to another, for all of so many pictures. Raises OutOfMemory."""
    bounds = [(start, min(start + batch_size, images)) for start in range(0, images, batch_size)]
    results = in_halves(bounds, lambda some: some, lambda batch: compute(*batch), fit, device)
    return [each[2] for each in results if not isinstance(each, FewerAtOnce)]


def halved(at_a_time: int, compute: Callable[[int], Result], device: torch.device) -> Result:
    """What `compute` gives with so many at a time, or with half of them, and so on. Raises OutOfMemory."""
    while (found := _tried(iter([at_a_time]), compute)) is _END:
        release(device)
        if at_a_time == 1:
            raise _too_large(device)
        at_a_time //= 2
    return found  # type: ignore[return-value]


def _too_large(device: torch.device) -> OutOfMemory:
    what = f"There is not enough memory for this network even with 1 image at a time{said_of(device)}"
    return OutOfMemory(what, SMALLER)
