"""Bringing files by content: cut anywhere, damaged, wanted twice, on a full disk, killed in the middle."""

import errno
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import TrainDeskError
from core.nodes import bring as module
from core.nodes.bring import COMING, CutOff, bring
from core.nodes.digests import Digests
from core.nodes.parcels import UNUSED_SECONDS, Parcel
from core.nodes.shelf import Shelf
from core.paths import HOME
from core.runs.brought import Brought, brought_for, write_brought
from tests.helpers import assert_one_sentence, wait_until

FOLDER = "decoded/digits-0123456789abcdef"
NAMES = (f"{FOLDER}/train_pixels.npy", f"{FOLDER}/train_labels.npy", "weights/resnet.pth", "last.pt", "events.jsonl")


class Node:
    """A computer that brings `files` (path -> bytes), fetched from memory."""

    def __init__(self, folder: Path, files: dict[str, bytes]):
        self.data, self.runs, self.run = folder / "data", folder / "runs", folder / "runs" / "a"
        self.files = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
        self.parcels = [parcel(path, content) for path, content in files.items()]
        self.asked: list[tuple[str, int, int]] = []

    def fetch(self, digest: str, offset: int, length: int) -> bytes:
        self.asked.append((digest, offset, length))
        return self.files[digest][offset : offset + length]

    def bring(self, fetch=None, progress=None):
        bring(self.parcels, self.data, self.run, self.runs, fetch or self.fetch, progress)

    def content(self, path: str) -> bytes:
        return ((self.data if "/" in path else self.run) / path).read_bytes()

    def is_complete(self) -> bool:
        return all(
            hashlib.sha256(self.content(each.path)).hexdigest() == each.digest for each in self.parcels
        ) and not list(self.data.parent.rglob("*.part"))


def parcel(path: str, content: bytes) -> Parcel:
    root = "data" if "/" in path else "run"
    return Parcel(root, path, len(content), hashlib.sha256(content).hexdigest())


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Chunks of a thousand bytes."""
    monkeypatch.setattr(module, "CHUNK", 1000)


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path, {path: noise(2500 + place, place) for place, path in enumerate(NAMES)})


def test_all_comes_in_chunks_and_only_once(node):
    heard = []
    node.bring(progress=lambda *said: heard.append(said))
    assert node.is_complete()
    assert [length for *_, length in node.asked[:3]] == [1000, 1000, 500]
    total = sum(len(content) for content in node.files.values())
    assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard) and heard[-1] == (
        "the run so far",
        total,
        total,
    )
    assert [what for what, *_ in heard] == sorted(
        (what for what, *_ in heard), key=[*dict.fromkeys(w for w, *_ in heard)].index
    )
    assert {what for what, *_ in heard} == {"the pictures", "the weights", "the run so far"}
    assert brought_for(node.run) == Brought(decoded="digits-0123456789abcdef")
    node.asked.clear()
    node.bring()
    assert not node.asked, "a computer that has it fetches nothing"


def test_what_is_known_is_not_even_read_again(node, monkeypatch):
    node.bring()
    for path in (node.run / "last.pt", node.run / "events.jsonl"):  # these change; what was written long ago is noted
        os.utime(path, (1e9, 1e9))
    node.bring()
    read = []
    digest_of = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda file, kind: (read.append(file.name), digest_of(file, kind))[1])
    node.bring()
    assert not read, "after a restart as well: it is kept on the disk"
    (node.data / NAMES[0]).write_bytes(noise(2500, 99))
    node.bring()
    assert len(node.asked) > 15 and node.is_complete(), "a file that was changed comes anew"


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 6000), min_size=1, max_size=4),
    st.lists(st.integers(1, 2500), max_size=12),
    st.integers(0, 9),
)
def test_cut_at_any_byte_it_ends_with_the_right_files(tmp_path_factory, lengths, cuts, seed):
    files = {path: noise(size, seed + place) for place, (path, size) in enumerate(zip(NAMES, lengths, strict=False))}
    node = Node(tmp_path_factory.mktemp("cut"), files)
    left, sent = list(cuts), 0  # bytes that come before each cut

    def cut_off(digest, offset, length):
        nonlocal sent
        if left and left[0] == 0:
            left.pop(0)
            raise ConnectionResetError
        data = node.fetch(digest, offset, min(length, left[0]) if left else length)
        sent += len(data)
        if left:
            left[0] -= len(data)
        return data

    for _ in range(len(cuts) + 1):
        try:
            node.bring(cut_off)
            break
        except CutOff as error:
            assert_one_sentence(str(error), "goes on from there")
    assert node.is_complete()
    assert sent == sum(len(content) for content in node.files.values()), "no byte came twice"
    shutil.rmtree(node.data.parent)


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


def test_two_runs_that_want_the_same_fetch_it_once(tmp_path):
    files = {NAMES[0]: noise(20_000)}
    nodes = [Node(tmp_path, files) for _ in range(3)]
    heard, inside = [], threading.Event()
    for number, each in enumerate(nodes):
        each.run = each.runs / f"run{number}"

    def slowly(digest, offset, length):
        inside.set()
        wait_until(lambda: heard)  # another one has said that it waits
        return nodes[0].fetch(digest, offset, length)

    threads = [threading.Thread(target=nodes[0].bring, args=[slowly])]
    threads[0].start()
    assert inside.wait(60)
    threads += [
        threading.Thread(target=each.bring, args=[None, lambda *said: heard.append(said)]) for each in nodes[1:]
    ]
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(nodes[0].asked) == 20 and not nodes[1].asked and not nodes[2].asked
    assert all(each.is_complete() and brought_for(each.run).decoded for each in nodes)


def test_what_lies_elsewhere_on_this_computer_is_not_fetched_and_what_grows_is_no_link(tmp_path, node):
    node.bring()
    os.utime(node.run / "events.jsonl", (1e9, 1e9))
    node.bring()  # now it is noted
    node.asked.clear()
    node.run, other = node.runs / "b", node.run
    node.parcels = [
        Parcel(each.root, each.path.replace("0123", "3210"), each.size, each.digest) for each in node.parcels
    ]
    node.bring()
    assert {digest for digest, *_ in node.asked} <= {parcel("last.pt", noise(2503, 3)).digest}
    assert node.is_complete()
    assert (node.data / node.parcels[0].path).samefile(node.data / NAMES[0])
    with (node.run / "events.jsonl").open("ab") as log:
        log.write(b"more")
    assert (other / "events.jsonl").stat().st_size == 2504


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


@pytest.mark.links
def test_nothing_is_written_through_a_link(node, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    node.data.mkdir()
    (node.data / "decoded").symlink_to(outside, target_is_directory=True)
    with pytest.raises(TrainDeskError) as caught:
        node.bring()
    assert_one_sentence(str(caught.value), str(node.data / "decoded"), "link")
    assert not list(outside.iterdir()) and not node.asked


def test_a_stranger_path_is_refused_before_anything_is_asked(node, tmp_path):
    node.parcels.append(Parcel("run", "../../x.pt", 4, "0" * 64))
    with pytest.raises(TrainDeskError):
        node.bring()
    assert not node.asked and not node.data.exists()


def test_what_a_worker_reads_never_leads_out_of_the_data_folder(tmp_path):
    write_brought(tmp_path, Brought(decoded="../sets", earlier="x-0123456789abcdef"))
    said = brought_for(tmp_path)
    assert said.folder("decoded", tmp_path) is None and said.folder("corrections", tmp_path) is None
    assert said.folder("earlier", tmp_path) == tmp_path / "earlier" / "x-0123456789abcdef"


def test_a_stop_is_followed_between_two_chunks_and_costs_nothing(node):
    def stop(what, done, total):
        if done >= 2000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        node.bring(progress=stop)
    node.bring()
    assert node.is_complete() and len(node.asked) == len(set(node.asked)) == 15


def test_what_was_not_used_for_weeks_is_removed(node):
    node.bring()
    long_ago = time.time() - UNUSED_SECONDS - 60
    begun = node.data / COMING / f"{'0' * 64}.part"
    begun.write_bytes(b"begun")
    for path in (begun, node.data / FOLDER):
        os.utime(path, (long_ago, long_ago))
    node.parcels = node.parcels[2:]
    node.bring()
    assert not begun.exists() and not (node.data / FOLDER).exists() and node.is_complete()


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


def test_a_shelf_hands_out_what_was_offered_to_whom_it_was(tmp_path):
    path = tmp_path / "last.pt"
    path.write_bytes(noise(3000))
    content = Digests(tmp_path).of(path)
    offered = Parcel("run", "last.pt", content.size, content.digest, path, content.changed)
    shelf = Shelf()
    with pytest.raises(TrainDeskError) as caught:
        shelf.read(content.digest, 0, 10)
    assert_one_sentence(str(caught.value), "no file")
    shelf.offer("a", [offered])
    assert shelf.read(content.digest, 2990, 100) == noise(3000)[2990:] and shelf.read(content.digest, 3000, 5) == b""
    assert shelf.read(content.digest, 0, 10, ["a", "b"]) == noise(3000)[:10]
    for run_ids, place in ((["b"], (0, 10)), (["a"], (-1, 10)), (["a"], (0, -1))):
        with pytest.raises(TrainDeskError):
            shelf.read(content.digest, *place, run_ids)
    with pytest.raises(TrainDeskError):
        shelf.read("../etc/passwd", 0, 10)
    shelf.withdraw("a")
    with pytest.raises(TrainDeskError):
        shelf.read(content.digest, 0, 10)


def test_a_shelf_hands_out_eight_megabytes_at_most(tmp_path):
    path = tmp_path / "last.pt"
    with path.open("wb") as file:
        file.truncate(9 * 2**20)
    content = Digests(tmp_path).of(path)
    shelf = Shelf()
    shelf.offer("a", [Parcel("run", "last.pt", content.size, content.digest, path, content.changed)])
    assert len(shelf.read(content.digest, 0, 2**40)) == 8 * 2**20


@pytest.mark.parametrize("change", ["other bytes", "longer", "gone"])
def test_a_shelf_notices_a_file_that_has_changed(tmp_path, change):
    path = tmp_path / "last.pt"
    path.write_bytes(noise(3000))
    content = Digests(tmp_path).of(path)
    shelf = Shelf()
    shelf.offer("a", [Parcel("run", "last.pt", content.size, content.digest, path, content.changed)])
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(noise(3000 + (change == "longer"), 7))
        os.utime(path, ns=(content.changed, content.changed + (change == "other bytes")))
    with pytest.raises(TrainDeskError) as caught:
        shelf.read(content.digest, 0, 10)
    assert_one_sentence(str(caught.value), str(path), "has changed")


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
