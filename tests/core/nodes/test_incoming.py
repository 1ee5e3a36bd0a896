"""Files that come piece by piece."""

import hashlib

import pytest

from core.errors import TrainDeskError
from core.nodes.incoming import Incoming, checked_file, checked_files
from core.runs.store import Run
from tests.helpers import assert_one_sentence

OLD, NEW = b"the older network", b"the newer network, which is longer"


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def offer(incoming, data, name="last.pt"):
    return incoming.offered({name: (len(data), digest(data))})


def put(incoming, data, start, end, name="last.pt"):
    said = incoming.take(name, digest(data), len(data), start, data[start:end])
    if said["offset"] == len(data):
        incoming.place(name, digest(data))
    return said


def test_a_file_goes_on_where_it_was_cut_also_after_a_restart(run):
    incoming = Incoming(run)
    assert offer(incoming, NEW) == {"last.pt": 0}
    assert put(incoming, NEW, 0, 5) == {"offset": 5}
    assert put(incoming, NEW, 0, 5) == {"offset": 5}, "what came twice counts once"
    assert put(incoming, NEW, 9, 12) == {"offset": 5}, "a gap is asked for"
    assert not run.last.exists()
    incoming = Incoming(run)
    assert offer(incoming, NEW) == {"last.pt": 5}
    assert put(incoming, NEW, 5, len(NEW)) == {"offset": len(NEW)}
    assert run.last.read_bytes() == NEW and offer(incoming, NEW) == {}
    assert put(incoming, NEW, 5, len(NEW)) == {"offset": len(NEW)}, "the answer was lost"


def test_a_piece_of_an_older_version_that_comes_late_replaces_nothing(run):
    incoming = Incoming(run)
    offer(incoming, OLD)
    offer(incoming, NEW)
    put(incoming, NEW, 0, len(NEW))
    with pytest.raises(TrainDeskError) as caught:
        put(incoming, OLD, 0, len(OLD))
    assert_one_sentence(str(caught.value), "'last.pt'", "offer it again")
    assert run.last.read_bytes() == NEW


def test_pieces_of_what_is_not_wanted_any_more_are_removed(run):
    incoming = Incoming(run)
    offer(incoming, OLD)
    put(incoming, OLD, 0, 3)
    offer(incoming, NEW)
    assert not list((run.folder / ".arriving").iterdir())


def test_a_damaged_file_is_thrown_away_whole(run):
    incoming = Incoming(run)
    offer(incoming, NEW)
    said = incoming.take("last.pt", digest(NEW), len(NEW), 0, NEW[:-1] + b"!")
    assert said == {"offset": 0, "damaged": True} and offer(incoming, NEW) == {"last.pt": 0}


def test_a_file_that_was_changed_here_is_wanted_again(run):
    incoming = Incoming(run)
    offer(incoming, NEW)
    put(incoming, NEW, 0, len(NEW))
    run.last.write_bytes(NEW[::-1])
    assert offer(incoming, NEW) == {"last.pt": 0}


def test_an_empty_file_is_a_file(run):
    incoming = Incoming(run)
    assert offer(incoming, b"", "worker.log") == {"worker.log": 0}
    assert put(incoming, b"", 0, 0, "worker.log") == {"offset": 0}
    assert run.worker_log.read_bytes() == b""


SHA = "0" * 64


@pytest.mark.parametrize(
    "name",
    [
        "../last.pt",
        "/etc/passwd",
        "kept/../../x",
        "kept/1.pt",
        "config.json",
        "labels.json",
        "placement.json",
        "stop",
        "worker.lock",
    ]
    + [
        "looks/../best",
        "tensorboard/../../x",
        "tensorboard/",
        "C:\\last.pt",
        "last.pt\n",
        "queued",
        ".mirror",
        "brought.json",
        "",
    ],
)
def test_no_other_name_is_taken(name):
    with pytest.raises(TrainDeskError) as caught:
        checked_file(name, [1, SHA])
    assert_one_sentence(str(caught.value).replace("\n", " "), "it is not taken")


@pytest.mark.parametrize(
    "facts", [[-1, SHA], [2**60, SHA], [True, SHA], [1.0, SHA], [1, "x" * 64], [1, None], [1], "ab", None, {}]
)
def test_no_size_beyond_the_bounds_and_no_digest_that_is_none(facts):
    with pytest.raises(TrainDeskError) as caught:
        checked_file("best.pt", facts)
    assert_one_sentence(str(caught.value), "best.pt")


def test_not_more_files_than_a_run_has():
    with pytest.raises(TrainDeskError) as caught:
        checked_files({f"kept/{number:06d}.pt": [1, SHA] for number in range(5_001)})
    assert_one_sentence(str(caught.value), "5,001", "5,000")


def test_a_piece_longer_than_what_was_said(run):
    incoming = Incoming(run)
    offer(incoming, NEW)
    with pytest.raises(TrainDeskError):
        incoming.take("last.pt", digest(NEW), len(NEW), 0, NEW + b"more")
    assert not (run.folder / ".arriving").exists()
