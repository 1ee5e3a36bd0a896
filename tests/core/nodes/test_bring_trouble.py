"""Bringing files that are damaged, onto a disk that is full, and after whoever brought them was killed."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest

from core.errors import TrainDeskError
from core.nodes.bring import COMING, CutOff
from core.paths import HOME
from core.runs.brought import Brought, brought_for
from tests.core.nodes.bringing import NAMES, Node, noise
from tests.helpers import assert_one_sentence, wait_until

pytestmark = pytest.mark.usefixtures("small_chunks")


def test_a_damaged_chunk_has_the_file_come_anew_once(node):
    spoiled = []

    def damaged(digest, offset, length):
        data = node.fetch(digest, offset, length)
        if offset == 1000 and not spoiled:
            spoiled.append(digest)
            return bytes(len(data))
        return data

    node.bring(damaged)
    assert node.is_complete() and spoiled
    assert [digest for digest, *_ in node.asked].count(spoiled[0]) == 6


def test_a_file_that_arrives_damaged_twice_is_said_and_leaves_nothing(node):
    def damaged(digest, offset, length):
        return bytes(len(node.fetch(digest, offset, length)))

    with pytest.raises(TrainDeskError) as caught:
        node.bring(damaged)
    assert_one_sentence(str(caught.value), "The pictures arrived damaged twice", "SHA-256", "check the network")
    assert [offset for _, offset, _ in node.asked] == [0, 1000, 2000] * 2
    assert not [path for path in node.data.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert brought_for(node.run) == Brought(), "no worker is told of it"
    node.bring()
    assert node.is_complete()


def test_a_part_that_was_damaged_on_the_disk_is_found(node):
    def cut(digest, offset, length):
        if offset:
            raise TimeoutError
        return node.fetch(digest, offset, length)

    with pytest.raises(CutOff):
        node.bring(cut)
    [part] = (node.data / COMING).glob("*.part")
    part.write_bytes(bytes(1000))
    node.bring()
    assert node.is_complete()
    part.write_bytes(bytes(9000))  # longer than the file
    (node.data / NAMES[0]).unlink()
    node.bring()
    assert node.is_complete()


@pytest.mark.parametrize("answer", [b"", bytes(1001)])
def test_an_answer_of_another_length_is_refused(node, answer):
    with pytest.raises(TrainDeskError) as caught:
        node.bring(lambda *_: answer)
    assert_one_sentence(str(caught.value), f"sent {len(answer):,} bytes", "1,000 were asked for")


def test_without_room_the_sentence_says_how_much_is_missing(node, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12, 5000))
    with pytest.raises(TrainDeskError) as caught:
        node.bring()
    assert_one_sentence(
        str(caught.value), "no room for the pictures", "13 KB are needed and 5 KB are free", str(node.data)
    )
    assert not node.asked, "nothing is begun that cannot end"


def test_a_disk_that_gets_full_meanwhile_gets_back_what_was_begun(node, monkeypatch):
    fsync = os.fsync

    def full(number):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainDeskError) as caught:
        node.bring()
    assert_one_sentence(str(caught.value), "There is no room for the pictures", "free some space there")
    assert not list(node.data.rglob("*.part"))
    monkeypatch.setattr(os, "fsync", fsync)
    node.bring()
    assert node.is_complete()


CHILD = """
import json, os, sys, time
from pathlib import Path
from core.nodes import bring
from core.nodes.parcels import Parcel

folder, content = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()
bring.CHUNK = 1000

def fetch(digest, offset, length):
    if offset >= 3000:
        (folder / "hangs").touch()
        time.sleep(600)
    return content[offset : offset + length]

parcels = [Parcel.from_dict(each) for each in json.loads(sys.argv[3])]
bring.bring(parcels, folder / "data", folder / "runs" / "a", folder / "runs", fetch)
"""


def test_killed_in_the_middle_it_goes_on_at_the_same_byte_and_holds_no_lock(tmp_path):
    node = Node(tmp_path, {NAMES[0]: noise(5000)})
    (tmp_path / "content").write_bytes(noise(5000))
    said = json.dumps([each.to_dict() for each in node.parcels])
    words = [sys.executable, "-c", CHILD, str(tmp_path), str(tmp_path / "content"), said]
    with subprocess.Popen(words, cwd=HOME) as child:
        wait_until((tmp_path / "hangs").exists)
        child.kill()
    node.bring()
    assert node.is_complete() and [offset for _, offset, _ in node.asked] == [3000, 4000]
