"""Digests are computed once, and anew of files that change."""

import hashlib
import os

import pytest

from core.errors import TrainDeskError
from core.nodes.digests import Digests
from tests.helpers import assert_one_sentence


def test_a_digest_is_computed_once_and_anew_when_the_file_changes(tmp_path, monkeypatch):
    path = tmp_path / "big"
    path.write_bytes(b"one")
    os.utime(path, (1e9, 1e9))
    counted = []
    digest_of = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda file, kind: (counted.append(1), digest_of(file, kind))[1])
    first = Digests(tmp_path).of(path)
    assert Digests(tmp_path).of(path) == first and len(counted) == 1
    path.write_bytes(b"two")
    assert Digests(tmp_path).of(path).digest == hashlib.sha256(b"two").hexdigest() and len(counted) == 2
    assert Digests(tmp_path).of(path).digest and len(counted) == 3, (
        "changed a moment ago: it may change in the same tick"
    )


def test_notes_that_are_damaged_cost_time_and_nothing_else(tmp_path):
    digests, path = Digests(tmp_path), tmp_path / "file"
    path.write_bytes(b"one")
    os.utime(path, (1e9, 1e9))
    notes = tmp_path / ".traindesk" / "nodes" / "digests.sqlite"
    for damage in (b"no database " * 100, b""):
        notes.write_bytes(damage)
        assert digests.of(path).digest == hashlib.sha256(b"one").hexdigest()
    assert digests.known(path) and digests.copies(hashlib.sha256(b"one").hexdigest()) == [path]
    path.unlink()
    assert digests.copies(hashlib.sha256(b"one").hexdigest()) == []


def test_a_file_that_goes_on_changing_is_said(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"")
    digest_of = hashlib.file_digest

    def while_it_grows(file, kind):
        with path.open("ab") as other:
            other.write(b"x")
        return digest_of(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", while_it_grows)
    with pytest.raises(TrainDeskError) as caught:
        Digests(tmp_path).of(path)
    assert_one_sentence(str(caught.value), str(path), "changes all the time")
