"""Settled runs and copies that a computer keeps, and for how long."""

import os
import shutil
import time

import pytest

from core.nodes import leftovers
from core.nodes.leftovers import COPY_SECONDS, KEPT_SECONDS, forget_leftovers
from core.nodes.tended_note import NAME, Tended, keep_note

USAGE = shutil._ntuple_diskusage(10**12, 0, 10**12)


@pytest.fixture
def make(tmp_path):
    def make(name, age, settled=True):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "last.pt").write_bytes(b"network")
        keep_note(folder, Tended(3, launched=True, settled=settled))
        moment = time.time() - age
        os.utime(folder / NAME, (moment, moment))
        return folder

    return make


def test_what_is_settled_goes_after_two_weeks_a_copy_after_two_months(tmp_path, make, monkeypatch):
    monkeypatch.setattr(leftovers, "disk_usage", lambda _: USAGE)
    young, old = make("young", KEPT_SECONDS - 60), make("old", KEPT_SECONDS + 60)
    copy, old_copy = make("a.lost-3", KEPT_SECONDS + 60), make("b.lost-3-2", COPY_SECONDS + 60)
    tended = make("tended", COPY_SECONDS + 60, settled=False)
    busy = make("busy", KEPT_SECONDS + 60)
    other = tmp_path / "of someone else"
    other.mkdir()
    os.utime(other, (1, 1))
    assert set(forget_leftovers(tmp_path, {"busy"})) == {old, old_copy}
    assert {path for path in tmp_path.iterdir()} == {young, copy, tended, busy, other}


def test_on_a_disk_that_is_nearly_full_the_oldest_go_until_there_is_room(tmp_path, make, monkeypatch):
    monkeypatch.setattr(leftovers, "disk_usage", lambda _: USAGE._replace(free=0 if oldest.exists() else leftovers.LOW))
    younger, oldest, copy, tended = make("a", 60), make("b", 120), make("c.lost-3", 180), make("d", 180, settled=False)
    assert forget_leftovers(tmp_path) == [oldest]
    assert younger.exists() and copy.exists() and tended.exists()


def test_without_a_runs_folder_there_is_nothing_to_forget(tmp_path):
    assert forget_leftovers(tmp_path / "nothing") == []
