"""Other computers killed, frozen, cut off, full or with a wrong clock: no line is lost or doubled, no network is half."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.runs.placement import placement_of
from core.runs.playback import Playback, ask_for_playback
from core.runs.store import Run, create_run
from core.workers import dispatch
from core.workers.control import ask_to_resume
from core.workers.dispatch import submit
from core.workers.worker import work
from tests.core.running import finite, kinds, same_weights
from tests.faults.checks import assert_whole
from tests.faults.conftest import remount, workers
from tests.helpers import assert_one_sentence, has_ended, quick_config, wait_until
from tests.room import Computer, Room, room

EPOCHS = 4
SECOND_EPOCH = 30  # a step of it
SOON = 20.0  # seconds in which a lost computer is noticed
SLOW = {"epoch_seconds": 2}
BIG = {"name": "mlp", "hidden": [512]}  # a checkpoint of half a megabyte: a full disk has no place for another one
ROOMY = "size=400m"  # for a disk on which a run may begin
OFF_BY_AN_HOUR = """import time
_time, _time_ns = time.time, time.time_ns
time.time, time.time_ns = lambda: _time() - 3600, lambda: _time_ns() - 3600 * 10**9
"""


class Cable:
    """The only way from a network of its own to this computer. Its near end lies in another one, from where a relay leads to
    the desk: a network of the computer's own that changes would have every Chromium on it break off what it loads."""

    def __init__(self) -> None:
        self.near, self.far = f"td{os.getpid()}n", f"td{os.getpid()}f"
        self.address, other = "10.213.0.1", "10.213.0.2"
        self.ends = {self.near: self.address, self.far: other}
        self.within = ("ip", "netns", "exec", self.far)
        self._listening: socket.socket | None = None

    def lay(self, port: int) -> None:
        """What is said to this port of its near end is said to that of this computer."""
        for network in self.ends:
            _ip("netns", "add", network)
        _ip("-n", self.near, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", self.far)
        for network, address in self.ends.items():
            _ip("-n", network, "addr", "add", f"{address}/24", "dev", "cable")
            for link in ("lo", "cable"):
                _ip("-n", network, "link", "set", link, "up")
        with ThreadPoolExecutor(1) as thread:  # which alone is in that network
            self._listening = thread.submit(_listen_within, self.near, (self.address, port)).result()
        threading.Thread(target=_relay, args=(self._listening, port), daemon=True).start()

    def pull(self) -> None:
        _ip("-n", self.near, "link", "set", "cable", "down")

    def put_in(self) -> None:
        _ip("-n", self.near, "link", "set", "cable", "up")

    def take_away(self) -> None:
        if self._listening:
            self._listening.shutdown(socket.SHUT_RDWR)  # the relay waits in it
            self._listening.close()
        for network in self.ends:
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "del", network)


def _listen_within(network: str, address: tuple[str, int]) -> socket.socket:
    with open(f"/run/netns/{network}") as entered:
        if ctypes.CDLL(None, use_errno=True).setns(entered.fileno(), 0):
            raise OSError(ctypes.get_errno(), f"setns to {network}")
    return socket.create_server(address)


def _relay(listening: socket.socket, port: int) -> None:
    """Until the socket is closed."""
    with contextlib.suppress(OSError):
        while True:
            came, _ = listening.accept()
            try:
                ours = socket.create_connection(("127.0.0.1", port))
            except OSError:  # no desk lives at this moment
                came.close()
                continue
            for one, other in ((came, ours), (ours, came)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := one.recv(1 << 16):
            other.sendall(said)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Room]:
    """A desk, and a computer beside it."""
    with room(tmp_path_factory.mktemp("room")) as made:
        made.add("lab-1")
        yield made


@pytest.fixture
def far(desk, tmp_path) -> Iterator[tuple[Computer, Cable]]:
    """A computer at the end of a cable, with a small disk and a clock that is an hour behind."""
    cable, disk = Cable(), desk.folder / "far"
    (tmp_path / "sitecustomize.py").write_text(OFF_BY_AN_HOUR)
    try:
        try:
            port = int(desk.address.rpartition(":")[2])
            cable.lay(port)
            disk.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", ROOMY, "tmpfs", disk], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a network and a disk of its own need root on Linux ({error})")
        address = f"{cable.address}:{port}"
        join, env = desk.join_file(), {"PYTHONPATH": str(tmp_path)}
        computer = desk.start("far", join, address=address, within=cable.within, env=env)
        wait_until(lambda: desk.in_touch("far"), what=computer.says())
        yield computer, cable
        computer.kill()
    finally:
        cable.take_away()
        subprocess.run(["umount", "-l", disk], capture_output=True)


@pytest.fixture(scope="module")
def undisturbed(desk) -> Run:
    """The same training, in this process."""
    run = create_run(quick_config(epochs=EPOCHS, architecture=BIG), desk.runs)
    assert work(run, desk.data)["event"] == "finished"
    return run


def train(desk: Room, computer: str, **settings: Any) -> Run:
    """A new run on that computer."""
    settings = {"epochs": EPOCHS, "training": SLOW, "architecture": BIG, **settings}
    run = create_run(quick_config(**settings), desk.runs)
    submit(run, desk.data, computer=computer)
    return run


def go_on(desk: Room, run: Run, computer: str) -> None:
    ask_to_resume(run, computer=computer)
    submit(run, desk.data, computer=computer)


def there(computer: Computer, run: Run) -> Run:
    return Run(computer.runs / run.id)


def has(run: Run, kind: str, number: int = 1) -> Callable[[], bool]:
    return lambda: kinds(run).count(kind) >= number


def assert_as_undisturbed(run: Run, undisturbed: Run) -> None:
    wait_until(lambda: run.status().name == "finished", what=f"{run.id}: {run.status()}")
    wait_until(lambda: not placement_of(run.folder).is_elsewhere)
    assert_whole(run)
    assert same_weights(run.last, undisturbed.last) and same_weights(run.best, undisturbed.best)


def assert_lost(run: Run, computer: str, began: float) -> None:
    """The page says which computer was lost, when, and what is here."""
    wait_until(lambda: run.status().name == "interrupted")
    assert placement_of(run.folder).lost, f"{run.status().reason} after {time.monotonic() - began:.1f} s"
    assert time.monotonic() - began < SOON
    at = time.strftime("%H:%M", time.localtime(placement_of(run.folder).lost))
    assert_one_sentence(run.status().reason, f"Lost the computer {computer}", at, "epoch 1 is here")


def is_full(disk: Path) -> bool:
    """Whether the disk could be made as small as what is on it."""
    said = os.statvfs(disk)
    with contextlib.suppress(subprocess.CalledProcessError):
        remount(disk, f"size={(said.f_blocks - said.f_bfree) * said.f_frsize}")
        return True
    return False


def test_kills_of_all_processes_that_carry_a_run_cost_no_line_and_no_network(desk):
    """The network is large enough for its checkpoint to be on the way for a while: each is killed when half of one is there."""
    computer = desk.computers[0]
    run = train(desk, "lab-1", epochs=6, architecture={"name": "mlp", "hidden": [1200, 1200]})

    def half_is_here() -> bool:
        return any(run.folder.glob(".arriving/*.tmp"))

    wait_until(there(computer, run).last.exists, what="a checkpoint there, which is sent next")
    wait_until(half_is_here, every=0.005)
    (agent,) = computer.agents()
    agent.kill()
    wait_until(lambda: computer.agents() not in ([], [agent]), what="another agent", every=0.2)
    wait_until(has(run, "epoch", 2))
    wait_until(half_is_here, every=0.005)
    desk.kill_desk()
    seen = kinds(run).count("epoch")
    assert not run.last.is_file() or finite(run.last), "what is here is whole"
    wait_until(has(there(computer, run), "epoch", seen + 1), what="it trains on while there is no desk")
    (agent,) = computer.agents()
    computer.process.kill()
    wait_until(lambda: has_ended(agent), what="the agent, which ends with its parent")
    computer.process.wait()
    desk.start_desk()
    desk.computers[0] = computer = desk.start("lab-1", None)
    wait_until(lambda: run.status().name == "finished", what=run.id)
    wait_until(lambda: placement_of(run.folder).settled)
    assert_whole(run)
    assert run.event_log.read_bytes() == there(computer, run).event_log.read_bytes()
    assert kinds(run).count("started") == 1 and "resumed" not in kinds(run)
    assert run.last.read_bytes() == there(computer, run).last.read_bytes()


def test_a_worker_killed_there_is_seen_and_its_run_goes_on_elsewhere_when_that_computer_freezes_too(
    desk, undisturbed, monkeypatch
):
    """Bit for bit; on waking the computer finds that its run went on elsewhere."""
    computer = desk.computers[0]
    run = train(desk, "lab-1")
    ask_for_playback(run, Playback(until=SECOND_EPOCH))  # there it waits until all is done to it
    wait_until(lambda: has(run, "playback")() and there(computer, run).last.is_file())
    for process in workers(computer.runs):
        process.kill()
    wait_until(lambda: run.status().name == "interrupted")
    wait_until(lambda: placement_of(run.folder).settled, what="what was there is here")
    go_on(desk, run, "lab-1")
    wait_until(lambda: has(run, "resumed")() and run.last.is_file())
    frozen, began = [*computer.agents(), psutil.Process(computer.process.pid)], time.monotonic()
    for process in frozen:
        process.suspend()
    assert_lost(run, "lab-1", began)
    (worker,) = workers(computer.runs)
    assert worker.is_running(), "the training went on there"
    ask_for_playback(run, Playback(epoch_seconds=0.0))
    monkeypatch.setattr(dispatch, "launch", work)  # in this process
    go_on(desk, run, "here")
    assert run.status().name == "finished" and has(run, "resumed", 2)()
    for process in frozen:
        process.send_signal(signal.SIGCONT)
    wait_until(lambda: has_ended(worker), what="the older owner's worker ends")
    assert_as_undisturbed(run, undisturbed)
    assert not there(computer, run).folder.exists() and list(computer.runs.glob(f"{run.id}.lost-*"))
    wait_until(lambda: desk.in_touch("lab-1"))


def test_a_cable_a_clock_and_a_full_disk_cost_no_line(desk, far, undisturbed):
    """The clock of that computer is an hour behind all the while."""
    computer, cable = far
    disk = computer.runs.parent
    run = train(desk, "far")
    wait_until(lambda: has(run, "epoch")() and run.last.is_file())
    assert abs(time.time() - run.events()[0][0]["time"] - 3600) < 300, "that clock is not behind"
    ask_for_playback(run, Playback(epoch_seconds=12.0))
    wait_until(has(run, "playback"), what="it lasts until all is done to it")
    cable.pull()
    assert_lost(run, "far", time.monotonic())
    wait_until(has(there(computer, run), "epoch", 2), what="it trains on behind the cable")
    cable.put_in()
    wait_until(lambda: run.status().name == "running")
    assert placement_of(run.folder).lost == 0.0
    wait_until(lambda: is_full(disk))
    wait_until(lambda: run.status().name == "paused", what=f"{run.id}: {run.status()}")
    assert "the disk is full" in run.status().reason
    remount(disk, ROOMY)
    wait_until(lambda: not placement_of(run.folder).is_elsewhere, what=str(desk.node("far")))
    wait_until(lambda: not desk.node("far").problem)
    ask_for_playback(run, Playback(epoch_seconds=0.0))
    go_on(desk, run, "far")
    assert_as_undisturbed(run, undisturbed)
    assert run.event_log.read_bytes() == there(computer, run).event_log.read_bytes()
