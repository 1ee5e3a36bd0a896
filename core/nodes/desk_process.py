"""The desk's process as pages and the command line see it: whether it lives, where it listens, the join files that lead to it.

Imports neither torch nor distributed, and cryptography only where a join file is made.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.errors import TrainDeskError
from core.files import is_locked
from core.machine.network import own_addresses
from core.machine.processes import start_detached
from core.nodes.authority import Authority, JoinFile, check_packages
from core.nodes.registry import nodes
from core.runs.placement import DESK_LOCK
from core.runs.workspace import NAME, workspace_folder
from core.settings.stored import read_stored

LOCK = DESK_LOCK
PLACE = f"{NAME}/nodes/desk"  # a file: where it listens. It stays when the desk ends, so that the next one takes the same port
LOG = f"{NAME}/desk.log"
PORT = 8786  # if it is free
STARTS = 120.0  # seconds that it may take until it listens: on a crowded computer one took more than thirty


class Join(NamedTuple):
    """A new join file, and what to type on the other computer."""

    file_name: str
    data: bytes
    line: str


@dataclass(frozen=True)
class Place:
    """Where the desk listens."""

    address: str = ""  # HOST:PORT as others reach it
    port: int = 0
    pid: int = 0


def ensure_desk(runs_folder: Path, data_folder: Path) -> None:
    """Starts the desk if there is anybody to listen to and it does not live. Raises TrainDeskError if it cannot be started."""
    if not desk_is_alive(runs_folder) and is_needed(runs_folder):
        _start(runs_folder, data_folder, desk_place(runs_folder).port)


def is_needed(runs_folder: Path) -> bool:
    """Whether a join file is open or a computer has joined."""
    authority = Authority(runs_folder)
    return authority.exists and bool(authority.joins() or nodes(runs_folder))


def desk_is_alive(runs_folder: Path) -> bool:
    """Whether the desk's process of this folder lives."""
    return is_locked(runs_folder / LOCK)


def desk_place(runs_folder: Path) -> Place:
    """Where it listens, or listened last. Never raises."""
    return read_stored(Place, runs_folder / PLACE)


def make_join_file(runs_folder: Path, data_folder: Path) -> Join:
    """A file that lets computers join for a day; from now on the desk listens. Raises TrainDeskError."""
    before = desk_place(runs_folder)
    port = before.port if before.port and desk_is_alive(runs_folder) else free_port(before.port)
    addresses = [f"{address}:{port}" for address in own_addresses() or ["127.0.0.1"]]
    join, data = Authority(runs_folder).new_join(addresses)
    child = None if desk_is_alive(runs_folder) else _start(runs_folder, data_folder, port)
    end = time.monotonic() + STARTS
    while not _listens(runs_folder, port):
        now = desk_place(runs_folder)
        if now != before and now.port != port:  # another program took it meanwhile, and the desk one that was free
            try:
                return make_join_file(runs_folder, data_folder)
            finally:  # not sooner: a desk without any would end
                revoke_join(runs_folder, join.id)
        if time.monotonic() > end or (child is not None and child.poll()):
            revoke_join(runs_folder, join.id)
            raise TrainDeskError(
                f"The process for other computers does not listen at port {port}; {runs_folder / LOG} may say why."
            )
        time.sleep(0.05)
    name = f"join-{join.id}.tdk"
    return Join(name, data, f"python -m core node {addresses[0]} --join {name}")


def joins(runs_folder: Path) -> list[JoinFile]:
    """Those that still open the door, the newest first. Never raises."""
    return Authority(runs_folder).joins()


def revoke_join(runs_folder: Path, identity: str) -> None:
    """From now on that join file opens nothing; computers that joined with it stay. Raises TrainDeskError."""
    Authority(runs_folder).revoke_join(identity)


def free_port(wanted: int = 0) -> int:
    """One where the desk can listen: the wanted one, the usual one, or any."""
    for port in filter(None, [wanted, PORT]):
        with contextlib.suppress(OSError), socket.create_server(("0.0.0.0", port)):
            return port
    with socket.create_server(("0.0.0.0", 0)) as probe:
        return probe.getsockname()[1]


def _start(runs_folder: Path, data_folder: Path, port: int) -> subprocess.Popen:
    check_packages()
    command = ["core.nodes.desk", "--runs", str(runs_folder), "--data", str(data_folder), "--port", str(port)]
    workspace_folder(runs_folder)
    try:
        return start_detached(command, log=runs_folder / LOG)
    except OSError as error:
        raise TrainDeskError(
            f"The process for other computers could not be started ({error.strerror or error}); free memory or space."
        ) from error


def _listens(runs_folder: Path, port: int) -> bool:
    place = desk_place(runs_folder)
    if not place.address or place.port != port or not desk_is_alive(runs_folder):
        return False
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
