"""A room of computers on this machine: a desk, and computers that join it with real processes, each with folders of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import psutil

from core.nodes.desk_process import PLACE, Place, desk_is_alive, desk_place, ensure_desk, make_join_file
from core.nodes.registry import Node, nodes
from core.settings.stored import write_stored
from tests.helpers import PATIENCE, closed_port, has_ended, wait_until

ROOT = Path(__file__).resolve().parent.parent
ALONE = {"OMP_NUM_THREADS": "1", "TRAINDESK_STANDBY": "0", "TRAINDESK_SPEED": "0", "TRAINDESK_MEASURE": "0"}


@dataclass
class Computer:
    """One that trains for the desk: `python -m core node` and what it started."""

    name: str
    runs: Path
    data: Path
    log: Path  # what its window shows
    process: subprocess.Popen

    def agents(self) -> list[psutil.Process]:
        """Its process that talks to the desk, if it lives."""
        return [each for each in _processes_of(self.runs) if "core.nodes.agent" in _command(each)]

    def says(self) -> str:
        """All that its window shows."""
        return self.log.read_text("utf-8")

    def has_said(self, *parts: str) -> bool:
        """Whether its window shows each of these."""
        return all(part in self.says() for part in parts)

    def ended(self, timeout: float = PATIENCE) -> str:
        """Waits for its end, and gives the last line of its window."""
        wait_until(lambda: self.process.poll() is not None, timeout, f"the end of {self.name}: {self.says()}")
        return self.says().strip().rpartition("\n")[2]

    def stop(self) -> None:
        """As Ctrl-C does; trainings go on."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        """As a power cut does: with its trainings."""
        for process in _processes_of(self.runs):
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.kill()
        self.process.wait(PATIENCE)


@dataclass
class Room:
    """The desk's folders, and all computers that were started."""

    folder: Path
    runs: Path
    data: Path
    computers: list[Computer] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Of the desk."""
        return desk_place(self.runs).address

    def join_file(self) -> Path:
        """A new join file, with the desk listening."""
        join = make_join_file(self.runs, self.data)
        path = self.folder / join.file_name
        path.write_bytes(join.data)
        return path

    def start(
        self,
        name: str,
        join: Path | None,
        *options: str,
        root: Path = ROOT,
        address: str = "",
        within: Sequence[str] = (),
        env: Mapping[str, str] = MappingProxyType({}),
    ) -> Computer:
        """Starts a computer of that name, perhaps again, without waiting for it. `within`: what stands before its command."""
        folder = self.folder / name
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        command = [*within, sys.executable, "-m", "core", "node", address or self.address, "--name", name, *options]
        command += [
            "--runs",
            str(folder / "runs"),
            "--data",
            str(folder / "data"),
            *(["--join", str(join)] if join else []),
        ]
        with (folder / "window.log").open("wb") as window:
            process = subprocess.Popen(
                command,
                cwd=root,
                env=os.environ | ALONE | {"PYTHONUNBUFFERED": "1"} | env,
                stdin=subprocess.DEVNULL,
                stdout=window,
                stderr=window,
                start_new_session=True,
            )
        computer = Computer(name, folder / "runs", folder / "data", folder / "window.log", process)
        self.computers.append(computer)
        return computer

    def add(self, *names: str) -> list[Computer]:
        """Lets computers of these names join, and waits until they are in touch."""
        join = self.join_file()
        computers = [self.start(name, join) for name in names]
        for name in names:
            wait_until(lambda name=name: self.in_touch(name), what=f"{name}: {[each.says() for each in computers]}")
        return computers

    def node(self, name: str) -> Node | None:
        """What the desk knows of a computer."""
        return next((node for node in nodes(self.runs) if node.name == name), None)

    def in_touch(self, name: str) -> bool:
        """Whether the desk has heard of it a moment ago."""
        node = self.node(name)
        return node is not None and node.is_in_touch

    def desk(self) -> psutil.Process:
        """The desk's process, which lives."""
        wait_until(lambda: desk_is_alive(self.runs), what="the desk")
        return next(each for each in _processes_of(self.runs) if "core.nodes.desk" in _command(each))

    def start_desk(self) -> None:
        """Starts it if it does not live."""
        ensure_desk(self.runs, self.data)

    def kill_desk(self) -> None:
        """As a crash does."""
        process = self.desk()
        process.kill()
        wait_until(lambda: has_ended(process), what="the end of the desk")

    def close(self) -> None:
        """Ends all that was started, trainings too."""
        for computer in self.computers:
            computer.kill()
        for process in _processes_of(self.folder):
            with contextlib.suppress(psutil.Error):
                process.kill()


@contextlib.contextmanager
def room(folder: Path) -> Iterator[Room]:
    """One for the length of a `with`, without computers yet; the desk, when it is started, has a port of its own."""
    made = Room(folder, folder / "desk" / "runs", folder / "desk" / "data")
    made.runs.joinpath(PLACE).parent.mkdir(parents=True)
    made.data.mkdir()
    write_stored(made.runs / PLACE, Place(port=closed_port()))
    try:
        yield made
    finally:
        made.close()


def _processes_of(folder: Path) -> list[psutil.Process]:
    """Those whose command names the folder or something in it."""
    named = str(folder)
    return [
        each
        for each in psutil.process_iter()
        if any(word == named or word.startswith(f"{named}/") for word in _command(each))
    ]


def _command(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []
