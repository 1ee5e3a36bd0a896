"""What people say about a run: kept, bounded, tidied, and not lost when several say something at once."""

import json
import os
import subprocess
import sys

import pytest

from core.errors import TrainDeskError
from core.paths import HOME
from core.runs.metadata import RunMetadata, add_tags, change_metadata, read_metadata, remove_tags, title_of
from core.runs.store import create_run
from tests.helpers import assert_one_sentence, quick_config


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(title="As configured"), runs_folder)


def refused(run, *parts, **changes):
    before = read_metadata(run)
    with pytest.raises(TrainDeskError) as caught:
        change_metadata(run, **changes)
    assert_one_sentence(str(caught.value), *parts)
    assert read_metadata(run) == before


def test_a_run_of_which_nobody_said_anything_has_the_defaults(run):
    assert read_metadata(run) == RunMetadata("", "", (), False, "")
    assert not run.metadata_file.exists()


def test_what_was_said_is_read_again(run):
    said = RunMetadata("Größe 数字", "one\ntwo\tthree", ("MNIST", "dropout 0.5"), True, "a1b2")
    assert change_metadata(run, **vars(said)) == said == read_metadata(run)
    assert run.config().title == "As configured"


def test_a_change_leaves_the_other_fields(run):
    change_metadata(run, title="Mine", tags=["one"], favourite=True)
    assert change_metadata(run, note="slow") == RunMetadata("Mine", "slow", ("one",), True)
    assert change_metadata(run, title="", favourite=False) == RunMetadata("", "slow", ("one",))


def test_texts_are_tidied(run):
    metadata = change_metadata(
        run, title="  a \n title\x00 ", note="\r\n one\r\ntwo \x1b[31m\udcff\n", tags=["  b  c ", "", " "]
    )
    assert metadata == RunMetadata("a title", "one\ntwo [31m", ("b c",)) == read_metadata(run)


def test_a_tag_is_there_once_and_keeps_its_case(run):
    assert change_metadata(run, tags=["MNIST", "mnist", "cnn", " MNIST "]).tags == ("MNIST", "cnn")


def test_tags_are_added_and_removed(run):
    assert add_tags(run, ["One", "two"]).tags == ("One", "two")
    assert add_tags(run, ["ONE", "three"]).tags == ("One", "two", "three")
    assert remove_tags(run, ["one ", "four"]).tags == ("two", "three") == read_metadata(run).tags


def test_the_bounds_themselves_are_allowed(run):
    said = {"title": "t" * 80, "note": "n" * 2000, "tags": tuple(f"{number:030}" for number in range(10))}
    assert change_metadata(run, **said) == RunMetadata(**said) == read_metadata(run)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"title": "t" * 81}, ["title", "81", "at most 80"]),
        ({"note": "n\n" * 1000 + "nn"}, ["note", "2,002", "at most 2,000"]),
        ({"tags": ["fine", "t" * 31]}, ["tag", "31", "at most 30"]),
        ({"tags": ["a,b"]}, ["'a,b'", "comma", "leave it out"]),
        ({"tags": [str(number) for number in range(11)]}, ["11 tags", "at most 10"]),
        ({"owner": "o" * 81}, ["owner", "at most 80"]),
    ],
)
def test_too_much_is_one_sentence_and_changes_nothing(changes, parts, run):
    change_metadata(run, title="Mine", tags=["one"])
    refused(run, *parts, **changes)


def test_an_eleventh_tag_is_not_added(run):
    change_metadata(run, tags=[str(number) for number in range(10)])
    assert add_tags(run, ["9"]).tags[-1] == "9"
    with pytest.raises(TrainDeskError) as caught:
        add_tags(run, ["another"])
    assert_one_sentence(str(caught.value), "11 tags")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", RunMetadata()),
        (b"{", RunMetadata()),
        (b"[1]", RunMetadata()),
        (b"\xff\xfe", RunMetadata()),
        (b"[" * 100_000, RunMetadata()),
        (b'{"title": 7, "note": "kept", "tags": "no", "favourite": 1, "owner": null}', RunMetadata(note="kept")),
        (
            b'{"title": "kept", "tags": ["a", 3, "a", "b,c", ""], "favourite": true, "new": 1}',
            RunMetadata("kept", "", ("a",), True),
        ),
        (json.dumps({"title": "t" * 999, "tags": [str(n) for n in range(99)]}).encode(), None),
    ],
)
def test_of_a_damaged_file_what_can_be_read_counts(content, expected, run):
    run.metadata_file.write_bytes(content)
    metadata = read_metadata(run)
    assert metadata == (expected or RunMetadata("t" * 80, tags=tuple("0123456789")))
    assert change_metadata(run, owner="me").note == metadata.note


def test_labels_that_cannot_be_read_are_not_written_over(run, monkeypatch):
    change_metadata(run, note="precious")

    def bad_disk(*_):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("core.runs.metadata.read_bytes", bad_disk)
        assert read_metadata(run) == RunMetadata()
        refused(run, run.id, "could not be stored", "Input/output error", title="Mine")
    assert read_metadata(run) == RunMetadata(note="precious")


def test_a_full_disk_is_one_sentence_and_the_old_labels_stay(run, monkeypatch):
    change_metadata(run, title="Mine")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused(run, run.id, "No space left on device", "free space", title="Other")
    assert read_metadata(run).title == "Mine"


def test_a_run_that_is_gone_is_one_sentence(run):
    run.config_file.unlink()
    run.folder.rmdir()
    refused(run, run.id, title="Mine")
    assert not run.folder.exists()


def test_what_changes_nothing_writes_nothing(run):
    change_metadata(run, title="Mine")
    before = run.metadata_file.stat().st_ino
    change_metadata(run, title=" Mine ")
    assert run.metadata_file.stat().st_ino == before


def test_ten_processes_at_once_lose_nothing(run):
    """Each of two changes its own field twenty times; each of eight adds its own tag."""
    program = """
import sys
from pathlib import Path
from core.runs.metadata import add_tags, change_metadata
from core.runs.store import Run
run, number = Run(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
if number < 2:
    for time in range(1, 21):
        change_metadata(run, **{("title", "note")[number]: f"said {time} times"})
else:
    add_tags(run, [f"tag {number}"])
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(run.folder), str(number)],
            cwd=HOME,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(10)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=240)
        assert process.returncode == 0
    metadata = read_metadata(run)
    assert (metadata.title, metadata.note) == ("said 20 times", "said 20 times")
    assert set(metadata.tags) == {f"tag {number}" for number in range(2, 10)}


def test_a_title_is_never_longer_than_people_may_give_one(runs_folder):
    run = create_run(quick_config(title="Long " * 1000), runs_folder)
    title = title_of(run, run.config())
    assert len(title) <= 80 and title.startswith("Long Long") and "…" in title
