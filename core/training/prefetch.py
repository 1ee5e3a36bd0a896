"""Work done by another thread ahead of whoever needs it."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
AHEAD = 4  # items that are made ahead: they wait, ready or in work
_END: Any = object()


def ahead_of_time(items: Iterable[T], ahead: int = AHEAD) -> Generator[T, None, None]:
    """The items in their order, made by one background thread while the caller works on those before.

    The thread ends with the items, or when this generator is closed; what it raises is raised here.
    """
    made, thread = iter(items), ThreadPoolExecutor(1, "ahead of time")
    try:
        waiting = deque(thread.submit(next, made, _END) for _ in range(ahead))
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(thread.submit(next, made, _END))
            yield item
    finally:
        thread.shutdown(cancel_futures=True)
