"""Calls that others make ahead of time, a few at once, their results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(
    pool: Executor, call: Callable[..., R], work: Iterable[tuple[T, tuple]], ahead: int
) -> Iterator[tuple[T, R]]:
    """(key, call(*arguments)) for each (key, arguments). At most `ahead` + 1 are under way, which bounds the memory."""
    waiting: deque[tuple[T, Future]] = deque()
    for key, arguments in work:
        waiting.append((key, pool.submit(call, *arguments)))
        if len(waiting) > ahead:
            first, future = waiting.popleft()
            yield first, future.result()
    for key, future in waiting:
        yield key, future.result()
