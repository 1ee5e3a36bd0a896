"""The thread that writes checkpoints: the newest content, in order, and a full disk told where training sees it."""

import threading

import pytest

from core.training import async_checkpoint
from core.training.async_checkpoint import CheckpointWriter
from tests.helpers import wait_until


class Disk:
    """Instead of a disk: notes what is written, holds writing up, and is full when told so."""

    def __init__(self):
        self.written = []
        self.go = threading.Event()
        self.busy = threading.Event()
        self.error = None
        self.roomy = ()  # paths that can be written all the same

    def write(self, path, content):
        self.busy.set()
        self.go.wait(240)
        if self.error is not None and path not in self.roomy:
            raise self.error
        self.written.append((path, content))


@pytest.fixture
def disk(monkeypatch):
    disk = Disk()
    monkeypatch.setattr(async_checkpoint, "write_checkpoint", disk.write)
    monkeypatch.setattr(async_checkpoint, "PAUSE", 0)
    yield disk
    disk.go.set()


def test_training_does_not_wait_for_the_disk(disk):
    writer = CheckpointWriter()
    writer.save("last", 1)
    assert disk.busy.wait(240) and disk.written == []
    writer.save("last", 2)
    disk.go.set()
    writer.wait()
    assert disk.written == [("last", 1), ("last", 2)]


def test_only_the_newest_of_what_waits_is_written_in_the_order_of_asking(disk):
    """The best checkpoint lies on the disk before a last one that knows of it."""
    writer = CheckpointWriter()
    writer.save("last", 0)
    assert disk.busy.wait(240)
    for path, content in [("last", 1), ("best", 2), ("last", 2), ("best", 3), ("last", 3)]:
        writer.save(path, content)
    disk.go.set()
    writer.wait()
    assert disk.written == [("last", 0), ("best", 3), ("last", 3)]


def test_waiting_ends_when_all_is_written_and_not_before(disk):
    writer = CheckpointWriter()
    writer.save("best", 1)
    writer.save("last", 1)
    done = threading.Event()
    thread = threading.Thread(target=lambda: writer.wait() or done.set(), daemon=True)
    thread.start()
    assert disk.busy.wait(240) and not done.wait(0.05)
    disk.go.set()
    assert done.wait(240)
    assert disk.written == [("best", 1), ("last", 1)]


def test_waiting_does_not_wait_for_a_rest(disk, monkeypatch):
    monkeypatch.setattr(async_checkpoint, "PAUSE", 1e9)
    disk.go.set()
    writer = CheckpointWriter()
    for content in range(3):
        writer.save("last", content)
        writer.wait()
    assert [content for _, content in disk.written] == [0, 1, 2]


def test_between_two_writings_the_disk_rests(disk, monkeypatch):
    monkeypatch.setattr(async_checkpoint, "PAUSE", 1e9)
    disk.go.set()
    writer = CheckpointWriter()
    writer.save("last", 1)
    wait_until(lambda: disk.written)
    for content in range(2, 50):
        writer.save("last", content)
    writer.wait()
    assert [content for _, content in disk.written][-1] == 49 and len(disk.written) <= 3


@pytest.mark.parametrize("ask", ["save", "check", "wait"])
def test_a_full_disk_is_told_once_and_then_it_goes_on(ask, disk):
    disk.error = OSError(28, "No space left on device")
    disk.go.set()
    writer = CheckpointWriter()
    writer.save("last", 1)
    wait_until(lambda: writer._tasks[0].done())
    with pytest.raises(OSError) as caught:
        writer.save("last", 2) if ask == "save" else getattr(writer, ask)()
    assert caught.value is disk.error
    disk.error = None
    writer.save("last", 3)
    writer.wait()
    assert disk.written == [("last", 3)]


def test_what_waited_behind_a_failure_is_not_written_out_of_order(disk):
    disk.error, disk.roomy = OSError(28, "No space left on device"), ("last",)
    writer = CheckpointWriter()
    writer.save("best", 1)
    assert disk.busy.wait(240)
    writer.save("last", 1)
    disk.go.set()
    with pytest.raises(OSError):
        writer.wait()
    disk.error = None
    writer.wait()
    assert disk.written == []


def test_leaving_writes_what_waits_and_ends_the_thread(disk):
    disk.go.set()
    before = threading.active_count()
    with CheckpointWriter() as writer:
        writer.save("best", 1)
        writer.save("last", 1)
    assert disk.written == [("best", 1), ("last", 1)]
    assert threading.active_count() <= before


def test_leaving_with_an_error_writes_what_waits_and_keeps_the_error(disk):
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), CheckpointWriter() as writer:
        writer.save("last", 1)
        disk.go.set()
        raise ZeroDivisionError
    assert disk.written == [("last", 1)] and threading.active_count() <= before
    disk.error = OSError(28, "No space left on device")
    with pytest.raises(ZeroDivisionError), CheckpointWriter() as writer:
        writer.save("last", 2)
        raise ZeroDivisionError
    with pytest.raises(OSError), CheckpointWriter() as writer:
        writer.save("last", 3)
