"""Files are replaced in one step."""

import os

import pytest
from filelock import FileLock

from core import files
from core.files import write_atomically


def test_a_file_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fails(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_two_who_write_one_file_are_not_in_each_others_way(tmp_path, monkeypatch):
    """As two threads of a dashboard: the second begins and ends between two lines of the first."""
    path, replace = tmp_path / "file", os.replace

    def meanwhile(*paths):
        monkeypatch.setattr(os, "replace", replace)
        write_atomically(path, b"second")
        replace(*paths)

    monkeypatch.setattr(os, "replace", meanwhile)
    write_atomically(path, b"first")
    assert path.read_bytes() == b"first" and list(tmp_path.iterdir()) == [path]


def test_to_ask_for_a_lock_whose_folder_is_deleted_meanwhile_brings_nothing_back(tmp_path, monkeypatch):
    lock, elsewhere = tmp_path / "run" / "worker.lock", tmp_path / "trash"
    lock.parent.mkdir()
    lock.touch()

    def late(path, **options):
        lock.parent.rename(elsewhere)
        return FileLock(path, **options)

    monkeypatch.setattr(files, "FileLock", late)
    assert not files.is_locked(lock)
    assert not lock.parent.exists() and elsewhere.is_dir()
