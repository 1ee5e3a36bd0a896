"""What the desk and another computer say to each other: every connection goes from that computer to the desk, which answers.

`Mirror` answers, `Shepherd` asks. Each message is a method and its values, of kinds that msgpack knows. A refusal is an answer,
`{"error": sentence}`; that the run belongs to someone else by now is `{"stale": True}`.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

from core.errors import TrainDeskError
from core.export.saved.run_parts import most_bytes

LOG = "events.jsonl"
CHUNK = 8 * 2**20  # bytes of a file in one message
LOG_CHUNK = 2**20  # about so many bytes of a log
POLL_SECONDS = 20.0  # for which the desk may keep the answer to `orders` back when there is nothing new

_MB = 2**20
_FROM_ELSEWHERE = {
    r"worker\.log": 64 * _MB,
    r"tensorboard/events\.[\w.-]{1,200}": 512 * _MB,
}  # name -> the most bytes it may have
_NOT_FROM_ELSEWHERE = ("config.json", "labels.json")  # the desk's own: what was asked for, what people say of it

_VALUES: dict[str, dict[str, type | tuple[type, ...]]] = {
    "heard": {"facts": dict},
    "orders": {"known": dict},
    "deliver": {"run": str, "generation": int, "offset": int, "data": bytes},
    "offer": {"run": str, "generation": int, "files": dict, "over": (list, tuple, type(None))},
    "put": {"run": str, "generation": int, "name": str, "digest": str, "size": int, "offset": int, "data": bytes},
    "leave": {},
    "fetch": {"digest": str, "offset": int, "length": int},
}


class Away(Exception):
    """The desk cannot be reached. It is tried again."""


class Refused(Away):
    """The desk cannot take something at the moment, says its sentence."""


class DeskLink(Protocol):
    """A node's way to the desk. Several threads call it at once."""

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """The desk's answer. Raises OSError (ConnectionError) when the desk is away: then nobody knows whether it heard."""


def asked(link: DeskLink, method: str, **values: Any) -> dict[str, Any]:
    """The desk's answer. Raises Away when it is not there, Refused when it says no."""
    try:
        said = link.call(method, **values)
    except OSError as error:
        raise Away(f"The desk cannot be reached ({error.strerror or error}); it is tried again.") from error
    if "error" in said:
        raise Refused(str(said["error"])[:500])
    return said


def check_message(method: str, values: dict[str, Any]) -> None:
    """Raises TrainDeskError for a method that is none, and for values that are not what it takes."""
    wanted = _VALUES.get(method)
    if wanted is None:
        raise TrainDeskError(
            f"The desk does not know the message '{method[:40]}'; install the same version on both computers."
        )
    for name in wanted.keys() | values.keys():
        if name not in wanted or name not in values or not _is(values[name], wanted[name]):
            raise TrainDeskError(
                f"The message '{method}' came with a wrong '{str(name)[:40]}'; install the same version."
            )


def is_digest(digest: Any) -> bool:
    """Whether it is a SHA-256 in hexadecimal."""
    return isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest) is not None


def most_bytes_from(name: str) -> int:
    """That a file of this name in a run's folder may have when it comes from another computer; 0: it may not come."""
    if name in _NOT_FROM_ELSEWHERE:
        return 0
    known = (most for pattern, most in _FROM_ELSEWHERE.items() if re.fullmatch(pattern, name, re.ASCII))
    return next(known, 0) or most_bytes(name)


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    """No negative number, no yes for a number."""
    if kind is int:
        return type(value) is int and 0 <= value < 2**53
    return isinstance(value, kind)
