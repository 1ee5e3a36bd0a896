"""Rooms of real processes."""

import asyncio
from collections.abc import Iterator

import pytest
from filelock import FileLock

from core.runs.placement import DESK_LOCK
from tests.room import Room, room


@pytest.fixture
def an_empty_room(tmp_path) -> Iterator[Room]:
    """A desk that does not listen yet, of this test alone."""
    with room(tmp_path) as made:
        yield made


@pytest.fixture(scope="package")
def a_room(tmp_path_factory) -> Iterator[Room]:
    """A desk with the computer `lab-1` in touch; the tests of this folder share it and leave it so."""
    with room(tmp_path_factory.mktemp("room")) as made:
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
