"""As on Windows: whoever reads a file keeps others from replacing, moving and removing it, and none of that does harm."""

import errno
import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import files
from core.datasets.cache import open_images
from core.errors import TrainDeskError
from core.files import discard_folder, opened, read_bytes, remove_file, remove_folder, write_atomically
from core.image_sets.folders import accept, delete_dataset, restore_dataset
from core.runs.events import EPOCH, FAILED, FINISHED, last_event, read_events
from core.runs.queue import enqueue, move, waiting, withdraw
from core.runs.requests import Requests
from core.runs.snapshots import ProbeImages, Snapshot, SnapshotStore
from core.runs.store import create_run
from core.runs.trash import delete_run, empty_trash, restore_run
from core.training import checkpoints
from core.training.checkpoints import load_checkpoint
from core.workers.worker import work
from tests.core.datasets.test_cache import Tiny
from tests.helpers import assert_one_sentence, quick_config, wait_until
from tests.own import class_files, staged
from tests.pages.fake_runs import fake_run


class Readers:
    """Have files open, each until somebody has waited for it three times, or for good."""

    def __init__(self, windows, for_good: bool = False):
        self.windows, self.open = windows, list[Any]()
        self.waits = 0
        if not for_good:
            windows.while_waiting = self._wait

    def read(self, *paths: Path) -> None:
        self.open += [path.open("rb") for path in paths]

    def _wait(self) -> None:
        self.waits += 1
        if self.waits % 3 == 0:
            self.close(self.windows.refused[-1])

    def close(self, name: str = "") -> None:
        """Those of that name, by default all."""
        for file in [each for each in self.open if name in each.name]:
            self.open.remove(file)
            file.close()


@pytest.fixture
def readers(windows):
    found = Readers(windows)
    yield found
    found.close()


@pytest.fixture
def never(windows):
    found = Readers(windows, for_good=True)
    yield found
    found.close()


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(epochs=3), runs_folder)


# --- a training -----------------------------------------------------------------------------------------------------


def test_a_training_goes_on_while_its_checkpoints_are_read(run, windows, readers, tmp_path):
    def read(event):
        if event["event"] == EPOCH and event["epoch"] == 2:
            wait_until(lambda: run.best.is_file() and run.last.is_file())
            readers.read(run.best, run.last)

    assert work(run, tmp_path, listen=read)["event"] == FINISHED
    assert {"best.pt", "last.pt"} <= set(windows.refused)
    assert load_checkpoint(run.last)["epoch"] == 3 and load_checkpoint(run.best)["metrics"]
    assert not list(run.folder.glob(".*.tmp"))


def test_a_checkpoint_that_nobody_lets_go_of_ends_it_in_a_sentence_and_stays(
    run, never, windows, monkeypatch, tmp_path
):
    monkeypatch.setattr(checkpoints, "PATIENCE", 3.0)
    kept = []

    def read(event):
        if event["event"] == EPOCH and event["epoch"] == 2:
            wait_until(run.last.is_file)
            kept.append(run.last.read_bytes())
            never.read(run.last)

    end = work(run, tmp_path, listen=read)
    assert end["event"] == FAILED and windows.waited > checkpoints.PATIENCE
    assert_one_sentence(end["message"])
    assert run.last.read_bytes() == kept[0]


def test_requests_that_are_read_meanwhile_are_followed_and_removed(run, readers, windows):
    requests = Requests(run)
    run.request_learning_rate(0.5)
    readers.read(run.learning_rate_request)
    run.request_learning_rate(0.25)
    readers.read(run.learning_rate_request)
    assert requests.learning_rate() == 0.25 and not run.learning_rate_request.exists()
    run.request_stop()
    run.request_pause()
    readers.read(run.stop_request)
    requests.clear()
    assert not run.stop_request.exists() and not run.pause_request.exists()
    assert set(windows.refused) == {"learning_rate", "stop"}


def test_a_learning_rate_that_somebody_keeps_open_counts_once_it_can_be_removed(run, never):
    requests = Requests(run)
    run.request_learning_rate(0.25)
    never.read(run.learning_rate_request)
    assert requests.learning_rate() is None and run.learning_rate_request.exists()
    never.close()
    assert wait_until(requests.learning_rate) == 0.25 and not run.learning_rate_request.exists()
    assert requests.learning_rate() is None


def test_snapshots_that_are_looked_at_are_replaced_and_let_go_of(run, readers, windows):
    store = SnapshotStore(run)
    store.write_probe_images(ProbeImages(np.zeros((1, 2, 2, 1), np.uint8), np.zeros(1, np.int64)))

    def write(epoch):
        store.write(Snapshot(epoch, np.ones((1, 2), np.float32), np.ones((2, 2), np.int64), None), 1000, False)

    write(1)
    write(2)
    readers.read(store.folder / "000002.npz")
    write(3)
    readers.read(store.folder / "000003.npz")
    write(3)
    assert store.epochs() == [1, 3] and store.read(3) is not None
    assert set(windows.refused) == {"000002.npz", "000003.npz"}


# --- runs -----------------------------------------------------------------------------------------------------------


def test_the_queue_changes_while_pages_read_it(runs_folder, readers, windows):
    first, second = (fake_run(runs_folder, "stopped") for _ in range(2))
    enqueue(first)
    enqueue(second)
    readers.read(first.queue_place, second.queue_place)
    move(second, "first")
    assert [entry.run for entry in waiting(runs_folder)] == [second, first]
    readers.read(second.queue_place)
    assert withdraw(second) and [entry.run for entry in waiting(runs_folder)] == [first]
    assert set(windows.refused) == {"queued"}


def test_a_run_whose_curves_are_drawn_is_deleted_restored_and_removed(runs_folder, readers, windows):
    run = fake_run(runs_folder, "finished")
    readers.read(run.event_log)
    delete_run(run)
    readers.read(run.folder.parent / ".trash" / run.id / "events.jsonl")
    assert restore_run(run.id, runs_folder) == run and last_event(run.event_log)["event"] == "finished"
    delete_run(run)
    readers.read(run.folder.parent / ".trash" / run.id / "events.jsonl")
    assert empty_trash(runs_folder) > 0 and list((runs_folder / ".trash").iterdir()) == []
    assert windows.refused.count(run.id) == 9


def test_a_run_that_somebody_keeps_open_stays_whole(runs_folder, never):
    run = fake_run(runs_folder, "finished")
    names = sorted(path.name for path in run.folder.iterdir())
    never.read(run.event_log)
    with pytest.raises(TrainDeskError) as caught:
        delete_run(run)
    assert_one_sentence(str(caught.value), run.id, "used by another process")
    assert set(names) <= {path.name for path in run.folder.iterdir()} and run.status().name == "finished"


# --- pictures -------------------------------------------------------------------------------------------------------


def test_decoded_pictures_that_are_mapped_stay_whole_and_go_later(tmp_path, monkeypatch, windows):
    monkeypatch.setattr(Tiny, "decodings", [])
    source = tmp_path / "tiny.bin"
    source.write_bytes(b"123")
    first = open_images(Tiny(), tmp_path)
    [old] = (tmp_path / "cache").iterdir()
    files_then = sorted(path.name for path in old.iterdir())
    source.write_bytes(b"1234")
    second = open_images(Tiny(), tmp_path)
    assert first.mapped and second.mapped and old.name in windows.refused
    assert sorted(path.name for path in old.iterdir()) == files_then, "all of it or nothing"
    del first
    gc.collect()
    source.write_bytes(b"12345")
    open_images(Tiny(), tmp_path)
    assert not old.exists()


def test_damaged_ones_that_are_mapped_are_decoded_into_memory(tmp_path, monkeypatch, windows):
    monkeypatch.setattr(Tiny, "decodings", [])
    (tmp_path / "tiny.bin").write_bytes(b"123")
    held = open_images(Tiny(), tmp_path)
    [place] = (tmp_path / "cache").iterdir()
    (place / "train_labels.npy").write_bytes(b"damaged")
    again = open_images(Tiny(), tmp_path)
    assert not again.mapped and (again.train_pixels == held.train_pixels).all()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [place.name]
    del held
    gc.collect()
    assert open_images(Tiny(), tmp_path).mapped


def test_an_import_is_accepted_deleted_and_restored_while_its_pictures_are_shown(tmp_path, readers, windows):
    half, _ = staged(tmp_path, class_files({"dots": 6, "rings": 6}))
    readers.read(half.file)
    dataset = accept(half, "Patterns", tmp_path)
    readers.read(dataset.file)
    delete_dataset(dataset)
    readers.read(dataset.folder.parent / ".trash" / dataset.id / dataset.file.name)
    assert len(restore_dataset(dataset.id, tmp_path).members().images) == 12
    assert len(windows.refused) == 9


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_at_the_moment_it_is_replaced(tmp_path, windows, monkeypatch):
    path = tmp_path / "settings.json"
    write_atomically(path, b"[1]")
    tries = []

    def refusing(name, mode):
        tries.append(name)
        if len(tries) % 3:
            raise PermissionError(errno.EACCES, "Permission denied", str(name))
        return open(name, mode)

    monkeypatch.setattr(files, "open", refusing, raising=False)
    assert read_bytes(path) == b"[1]" and files.read_json(path) == [1]
    log = tmp_path / "events.jsonl"
    log.write_bytes(b'{"event":"step"}\n')
    assert read_events(log)[0] == [{"event": "step"}] and len(tries) == 9


def test_a_folder_where_a_file_should_be_is_called_so(tmp_path, windows, monkeypatch):
    def denied(name, mode):
        raise PermissionError(errno.EACCES, "Permission denied", str(name))

    monkeypatch.setattr(files, "open", denied, raising=False)
    with pytest.raises(IsADirectoryError):
        opened(tmp_path)


def test_a_folder_is_removed_when_its_files_are_closed_and_else_as_far_as_can_be(tmp_path, readers, windows):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "read").touch()
        (tmp_path / name / "not").touch()
    readers.read(tmp_path / "a" / "read")
    assert remove_folder(tmp_path / "a") == [] and not (tmp_path / "a").exists()
    windows.while_waiting = lambda: None
    readers.read(tmp_path / "b" / "read")
    assert remove_folder(tmp_path / "b") and [path.name for path in (tmp_path / "b").iterdir()] == ["read"]
    remove_file(tmp_path / "none")
    discard_folder(tmp_path / "none")
    discard_folder(tmp_path / "b")
    assert (tmp_path / "b" / "read").is_file() and len(list(tmp_path.iterdir())) == 1
