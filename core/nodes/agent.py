"""The process of a computer that trains for a desk: a worker of dask.distributed, which makes it a member, and its shepherd.

    python -m core.nodes.agent ADDRESS --runs RUNS_FOLDER --data DATA_FOLDER [--join FILE] [--name NAME] [--runs-at-once N]

`python -m core node` starts it, and starts it again when it dies. What it has to tell goes to standard output. It ends when its
standard input does, and with status REFUSED, after one sentence, when the desk will not have it. Trainings outlive it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.machine.posix import read_input
from core.machine.torch_devices import ask_torch
from core.nodes.identity import Identity, enroll, host_name, keep, own_identity, read_join, refuse_own_desk
from core.nodes.leaving import leave, pause_all, why_it_leaves
from core.nodes.link import DeskLink
from core.nodes.own_facts import Facts
from core.nodes.speed import measure_speed
from core.nodes.wire import REFUSED, WHY, Refused, prepare, quiet
from core.runs.workspace import workspace_folder
from core.workers.dispatch import cpu_runs

if TYPE_CHECKING:
    from core.nodes.shepherd import Shepherd

TELLS = 1.0  # seconds between two words of its own
AGAIN = 1.0  # seconds between two tries to become a member
REMEDY = "join again with a join file"


def main(arguments: list[str] | None = None) -> int:
    """Trains for the desk until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m core.nodes.agent", description=main.__doc__)
    parser.add_argument("address")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--join", type=Path)
    parser.add_argument("--name", default="")
    parser.add_argument("--runs-at-once", type=int, default=0)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C in the terminal reaches us too; the parent says when to end
    try:
        with FileLock(workspace_folder(options.runs) / "node.lock", timeout=2):
            prepare(workspace_folder(options.runs))
            asyncio.run(_live(options))
        return 0
    except Timeout:
        say(
            f"{WHY}Another process trains for a desk in {options.runs} already; end it, or choose another folder with --runs."
        )
    except TrainDeskError as error:
        say(WHY + str(error))
    return REFUSED


def say(sentence: str) -> None:
    """Tells it to the parent."""
    with contextlib.suppress(OSError):
        print(sentence, flush=True)


async def _live(options: argparse.Namespace) -> None:
    """Until standard input ends. Raises Refused, TrainDeskError."""
    end, loop = asyncio.Event(), asyncio.get_running_loop()
    threading.Thread(target=_see_end_of_input, args=(loop, end), daemon=True).start()
    working, ending = asyncio.create_task(_work(options)), asyncio.create_task(end.wait())
    await asyncio.wait([working, ending], return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not working.done():
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
    elif (error := working.exception()) is not None:
        raise error


async def _work(options: argparse.Namespace) -> None:
    identity = await _join(options)
    try:
        await _serve(options, identity)
    except Refused:
        if options.join is None:
            raise
        await _serve(options, await _enrolled(options, read_join(options.join)))


async def _join(options: argparse.Namespace) -> Identity:
    """Who this computer is: as it joined earlier, or as it joins now with the join file."""
    identity, join = own_identity(options.runs), read_join(options.join) if options.join else None
    if join is not None and (identity is None or identity.ca != join.ca):
        options.join = None  # it is used once
        return await _enrolled(options, join)
    if identity is None:
        raise TrainDeskError("This computer has not joined a desk yet; give the join file with --join FILE.")
    if identity.is_ending:
        return await _enrolled(options, identity)
    refuse_own_desk(options.runs, identity)
    return identity


async def _enrolled(options: argparse.Namespace, identity: Identity) -> Identity:
    refuse_own_desk(options.runs, identity)
    found = await enroll(identity, _addresses(options, identity), options.name or host_name())
    keep(options.runs, found)
    return found


def _addresses(options: argparse.Namespace, identity: Identity) -> list[str]:
    return list(dict.fromkeys([options.address, *identity.addresses]))


async def _serve(options: argparse.Namespace, identity: Identity) -> None:
    """Until it is cancelled. Raises Refused when the desk will not have us."""
    from core.nodes.shepherd import Shepherd

    facts = await asyncio.to_thread(Facts, options.runs, options.runs_at_once or cpu_runs(options.runs))
    async with DeskLink(_addresses(options, identity), identity.security, REMEDY, say) as link:
        await link.wait()
        if link.refusal is not None:
            raise link.refusal
        say(f"This computer trains for the desk at {link.address} as '{identity.name}'.")
        shepherd = Shepherd(options.runs, options.data, link)
        beside = (
            _be_member(link, identity),
            _tell(link, facts, shepherd),
            leave(link, options.runs),
            asyncio.to_thread(measure_speed, options.runs),
            asyncio.to_thread(ask_torch),
        )
        tasks = [asyncio.create_task(each) for each in beside]
        await asyncio.to_thread(shepherd.start)
        try:
            await link.is_over.wait()
        finally:
            for task in tasks:
                task.cancel()
            link.is_over.set()
            await asyncio.to_thread(shepherd.stop)
            await asyncio.gather(*tasks, return_exceptions=True)
        if why_it_leaves(options.runs) and pause_all(options.runs):
            say("This computer has left the desk; all that it trained is there.")
            return
        raise link.refusal or Refused("The way to the desk is closed.")


async def _tell(link: DeskLink, facts: Facts, shepherd: Shepherd) -> None:
    """Says again and again that this computer is there, and how it is."""
    while True:
        said, of_runs = facts(), shepherd.facts()
        said |= of_runs | {"problem": of_runs["problem"] or said["problem"]}
        with contextlib.suppress(ConnectionError):
            await link.ask("heard", {"facts": said})
        await asyncio.sleep(TELLS)


async def _be_member(link: DeskLink, identity: Identity) -> None:
    """Is a worker of the desk's scheduler, again and again: one that has lost its scheduler closes for good."""
    while True:
        await link.in_touch.wait()
        member = None
        try:
            member = _member(link, identity)
            await member
            await member.finished()
        except OSError:
            pass
        except Exception:  # the runs do not depend on it
            traceback.print_exc()
        finally:
            if member is not None:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(member.close(timeout=1, executor_wait=False), 5)
        link.reach()  # says so at once if the desk is away or will not have us
        await asyncio.sleep(AGAIN)


def _member(link: DeskLink, identity: Identity) -> Any:
    from distributed import Worker

    class Member(Worker):
        """One that listens nowhere, is given nothing to do and does nothing that it is sent."""

        def __init__(self) -> None:
            super().__init__(
                f"tls://{link.address}",
                name=identity.name,
                contact_address=f"tls://{identity.name}.node:1",  # nobody calls it
                security=link.security,
                nthreads=1,
                memory_limit=0,
                extensions={},
                needs_workdir=False,
                protocol="tls",
            )
            self.handlers.clear()
            for name in list(self.stream_handlers):
                self.stream_handlers[name] = self.close if name == "close" else _pass_over
            quiet(self)

        async def listen(self, *_: Any, **__: Any) -> None:
            """The desk is called, and calls nobody."""

        @property
        def listener(self) -> Any:
            return SimpleNamespace(prefix="tls://")

        def start_http_server(self, *_: Any, **__: Any) -> None:
            """There is none."""

    return Member()


def _pass_over(**_: Any) -> None:
    """What the scheduler tells all of its members: that others come and go."""


def _see_end_of_input(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    with contextlib.suppress(OSError):
        while read_input():
            pass
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(end.set)


if __name__ == "__main__":
    sys.exit(main())
