"""Rooms of real processes, and what stands in for them."""

import asyncio
from collections.abc import Iterator

import pytest
from filelock import FileLock

from core.nodes import bring, mirrored, parcels, shepherd, tended
from core.nodes import mirror as mirror_module
from core.nodes.digests import Digests
from core.nodes.mirror import Mirror
from core.runs.placement import DESK_LOCK
from core.runs.store import create_run
from tests import room as real
from tests.core.nodes.bringing import NAMES, Node, noise
from tests.core.nodes.one_process import Room
from tests.helpers import quick_config


@pytest.fixture
def an_empty_room(tmp_path) -> Iterator[real.Room]:
    """A desk that does not listen yet, of this test alone."""
    with real.room(tmp_path) as made:
        yield made


@pytest.fixture(scope="package")
def a_room(tmp_path_factory) -> Iterator[real.Room]:
    """A desk with the computer `lab-1` in touch; the tests of this folder share it and leave it so."""
    with real.room(tmp_path_factory.mktemp("room")) as made:
        made.add("lab-1")
        yield made


@pytest.fixture(autouse=True)
def _own_loop() -> Iterator[None]:
    """A browser that an earlier test of this process left open has a loop that counts as running in this thread."""
    others = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(others)


@pytest.fixture
def desk_lives(runs_folder) -> Iterator[None]:
    """The process that is in touch with other computers is this one."""
    lock = runs_folder / DESK_LOCK
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        yield


@pytest.fixture
def quick(monkeypatch):
    """Everyone looks more often."""
    for module, name, seconds in (
        (tended, "POLL_SECONDS", 0.02),
        (tended, "FILES_SECONDS", 0.05),
        (tended, "RETRY_SECONDS", 0.05),
        (shepherd, "RETRY_SECONDS", 0.05),
        (shepherd, "TICK_SECONDS", 0.05),
        (mirror_module, "SCAN_SECONDS", 0.05),
        (mirror_module, "LOOK_SECONDS", 0.02),
    ):
        monkeypatch.setattr(module, name, seconds)
    monkeypatch.setattr(mirrored, "needs", lambda run, _: parcels._run_so_far(run, Digests(run.folder.parent)))


@pytest.fixture
def room(runs_folder, tmp_path, monkeypatch) -> Iterator[Room]:
    """A desk and its computers in this process."""
    room = Room(runs_folder, tmp_path, monkeypatch)
    yield room
    room.end()


@pytest.fixture
def nothing_needed(monkeypatch):
    """Whatever a run trains on is on every computer."""
    monkeypatch.setattr(mirrored, "needs", lambda *_: [])


@pytest.fixture
def mirror(runs_folder):
    return Mirror(runs_folder, runs_folder / "data")


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(), runs_folder, sync=False)


@pytest.fixture
def small_chunks(monkeypatch):
    """Files are brought in chunks of a thousand bytes."""
    monkeypatch.setattr(bring, "CHUNK", 1000)


@pytest.fixture
def node(tmp_path) -> Node:
    """A computer that brings five small files."""
    return Node(tmp_path, {path: noise(2500 + place, place) for place, path in enumerate(NAMES)})
