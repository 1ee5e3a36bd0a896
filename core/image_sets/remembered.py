"""What was read of a dataset is given again until its file changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Of a function of datasets: what it gave is given again, not to be written to, until the file of one of them changes.

    `most` answers are kept.
    """

    def of(function: Callable[P, T]) -> Callable[P, T]:
        kept: Any = lru_cache(most)(lambda _stamps, *arguments, **named: function(*arguments, **named))

        @wraps(function)
        def asked(*arguments: P.args, **named: P.kwargs) -> T:
            return kept(tuple(each.stamp() for each in arguments if hasattr(each, "stamp")), *arguments, **named)

        return asked

    return of
