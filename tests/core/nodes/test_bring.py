"""Bringing files by content: cut anywhere, wanted twice, here already, and never to a place that is none."""

import hashlib
import os
import shutil
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import TrainDeskError
from core.nodes.bring import COMING, CutOff
from core.nodes.parcels import UNUSED_SECONDS, Parcel
from core.runs.brought import Brought, brought_for, write_brought
from tests.core.nodes.bringing import FOLDER, NAMES, Node, noise, parcel
from tests.helpers import assert_one_sentence, wait_until

pytestmark = pytest.mark.usefixtures("small_chunks")


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
