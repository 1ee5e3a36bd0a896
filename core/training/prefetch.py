"""Work done ahead in a background thread, for images that stay on disk."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Generator, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

AHEAD = 3  # items that wait, ready; one more is in work and one in use


def ahead_of_time(items: Iterable[T], ahead: int = AHEAD) -> Generator[T, None, None]:
    """The items in their order, made by one background thread while the caller works on those before.

    The thread ends with the items, or when this generator is closed; what it raises is raised here.
    """
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(max(ahead, 1))
    closed = threading.Event()
    thread = threading.Thread(target=_make, args=(items, ready, closed), name="ahead of time", daemon=True)
    thread.start()
    try:
        while (found := ready.get())[0] == "item":
            yield found[1]
        if found[0] == "error":
            raise found[1]
    finally:
        closed.set()
        with contextlib.suppress(queue.Empty):
            while True:  # makes room: a thread that waits to put goes on, sees that it is over and puts nothing more
                ready.get_nowait()
        thread.join()


def _make(items: Iterable[T], ready: queue.Queue[tuple[str, Any]], closed: threading.Event) -> None:
    try:
        for item in items:
            ready.put(("item", item))
            if closed.is_set():
                return
        ready.put(("end", None))
    except BaseException as error:  # handed to the caller's thread
        ready.put(("error", error))
