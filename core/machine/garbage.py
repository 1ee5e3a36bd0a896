"""Python's search for garbage, kept away from what is imported for good: torch brings 190,000 objects of which none ever is
garbage, and every full search, also that at the end of a process, goes through all of them."""

from __future__ import annotations

import atexit
import contextlib
import gc
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def importing_torch() -> Iterator[None]:
    """Around the first import of torch in a process and of what comes with it: what is there at the end of this is never
    searched, a third of the processor time of a process that does little else. Does nothing where torch is here already.
    """
    if "torch" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def end_quickly() -> None:
    """This process will end without a last search for garbage."""
    atexit.register(gc.freeze)
