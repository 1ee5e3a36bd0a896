"""The process that other computers talk to: a scheduler of dask.distributed with one handler of ours, and their runs' mirror.

    python -m core.nodes.desk --runs RUNS_FOLDER --data DATA_FOLDER --port PORT

One at a time for a folder: a second one ends at once. It ends when no join file is open and no computer has joined. Every
connection is made by the other side, with a certificate of this folder's authority, and may do what that says: see `Office`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.machine.network import own_addresses
from core.nodes.authority import Authority
from core.nodes.certificates import NODE
from core.nodes.desk_process import LOCK, PLACE, PORT, Place, desk_place, free_port, is_needed
from core.nodes.office import Office
from core.nodes.speed import measure_speed
from core.nodes.wire import peer_of, prepare, quiet, security
from core.runs.workspace import workspace_folder
from core.settings.stored import write_stored

LOOK = 3.0  # seconds between two looks whether it is needed
HEARTBEAT = 5.0  # seconds between two of a computer, as distributed counts them
FROM_WORKERS = ("keep-alive", "worker-status-change", "log-event")  # what a computer that is a member says by itself


def main(arguments: list[str] | None = None) -> int:
    """Serves the computers of this folder until none is left."""
    parser = argparse.ArgumentParser(prog="python -m core.nodes.desk", description=main.__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help=f"default: {PORT}, or any other where that is taken")
    options = parser.parse_args(arguments)
    authority = Authority(options.runs)
    if not is_needed(options.runs):
        print("No join file is open and no computer has joined, so there is nobody to listen to.", file=sys.stderr)
        return 1
    try:
        with FileLock(options.runs / LOCK, timeout=1):  # whoever looks whether we live holds it for a moment
            prepare(workspace_folder(options.runs))
            asyncio.run(_serve(options, authority))
    except Timeout:
        return 0
    except TrainDeskError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _serve(options: argparse.Namespace, authority: Authority) -> None:
    from core.nodes.mirror import Mirror

    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(end.set))
    mirror = Mirror(options.runs, options.data)
    mirror.start()
    try:
        office = Office(options.runs, options.data, authority, mirror)
        async with desk(office, authority, free_port(options.port or desk_place(options.runs).port)) as scheduler:
            address = f"{next(iter(own_addresses()), '127.0.0.1')}:{scheduler.port}"
            threading.Thread(target=measure_speed, args=(options.runs,), daemon=True).start()
            write_stored(options.runs / PLACE, Place(address, scheduler.port, os.getpid()), sync=False)
            while is_needed(options.runs) and not end.is_set():
                await scheduler.let_go_of(office.is_member)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(end.wait(), LOOK)
            office.close()
    finally:
        await asyncio.to_thread(mirror.stop)


def desk(office: Office, authority: Authority, port: int) -> Any:
    """The scheduler, which is started by `async with`. `prepare` comes before it."""
    from distributed import Scheduler

    class Desk(Scheduler):
        """Members come and go and are asked for nothing; messages go to the office. There are no tasks and no clients."""

        def __init__(self) -> None:
            own = security(*(authority.text(name) for name in ("ca.pem", "desk.pem", "desk.key")))
            nothing = {"dashboard": False, "extensions": {}, "needs_workdir": False}
            super().__init__(host="0.0.0.0", port=port, protocol="tls", security=own, **nothing)
            self.handlers = {"register-worker": self._join, "heartbeat_worker": self._beat, "traindesk": self._answer}
            self._numbers = itertools.cycle(range(1, 65536))
            self.stream_handlers = {name: lambda **_: None for name in FROM_WORKERS}
            quiet(self)

        def start_http_server(self, *_: Any, **__: Any) -> None:
            """There is none."""

        def coerce_address(self, addr: Any, resolve: bool = True) -> Any:
            """Those of members are made up: nobody calls them."""
            return addr

        async def let_go_of(self, is_member: Callable[[str], bool]) -> None:
            """Of computers that were removed."""
            for worker in [each for each in self.workers.values() if not is_member(each.name)]:
                await self.remove_worker(worker.address, stimulus_id="removed")

        async def _join(self, comm: Any, **said: Any) -> None:
            name = self._member(comm)
            if name in self.aliases:
                await self.remove_worker(self.aliases[name], stimulus_id="joins anew")
            address = (
                f"tls://{name}.node:{next(self._numbers)}"  # another each time: the old one may still be on its way out
            )
            await self.add_worker(comm, **said | {"address": address, "name": name, "resolve_address": False})

        async def _beat(self, comm: Any, **said: Any) -> dict[str, Any]:
            address = self.aliases.get(self._member(comm), "tls://nobody.node:1")
            answer = self.heartbeat_worker(**said | {"address": address, "resolve_address": False})
            return answer | {"heartbeat-interval": HEARTBEAT}

        async def _answer(self, comm: Any, method: Any = "", values: Any = None) -> dict[str, Any]:
            return await office.answer(*peer_of(comm), comm.peer_address, method, values)

        def _member(self, comm: Any) -> str:
            unit, name = peer_of(comm)
            if unit != NODE or not office.is_member(name):
                comm.abort()
                raise PermissionError(f"{unit} {name} is no member")
            return name

    return Desk()


if __name__ == "__main__":
    sys.exit(main())
