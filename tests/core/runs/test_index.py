"""The index of a runs folder: always what the folders say, whatever happens to it."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from core.paths import HOME
from core.runs import index as indexing
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.index import Index
from core.runs.metadata import change_metadata
from core.runs.queue import enqueue, withdraw
from core.runs.store import Run, create_run, list_runs
from tests.helpers import assert_one_sentence, made_at, quick_config, wait_until
from tests.pages.fake_runs import STATUSES, fake_run, running, write_epoch, write_start


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """What was just written counts as settled, so that the index keeps it."""
    monkeypatch.setattr(indexing, "SETTLED", -1.0)


@pytest.fixture
def whole(runs_folder):
    """A run of every status, each with a checkpoint."""
    runs = [fake_run(runs_folder, status) for status in STATUSES]
    for run in runs:
        run.best.write_bytes(b"not read")
    return runs


def by_id(found):
    return {summary.id: summary for summary in found}


def listed(runs_folder, index=None):
    return by_id((index or Index(runs_folder)).summaries())


def counted(monkeypatch):
    """The runs whose log was read."""
    read = []
    update = History.update
    monkeypatch.setattr(History, "update", lambda self: read.append(self.run.id) or update(self))
    return read


def test_every_run_is_one_row_with_its_status(whole, runs_folder):
    found = listed(runs_folder)
    assert [found[run.id].status for run in whole] == list(STATUSES)
    finished = found[whole[STATUSES.index("finished")].id]
    assert (finished.dataset, finished.architecture, finished.optimizer) == (
        "MNIST",
        "SimpleCNN",
        "Adam",
    )
    assert (finished.epochs, finished.planned, finished.best_epoch) == (3, 3, 3)
    assert finished.test_accuracy == pytest.approx(90 / 93) and finished.val_accuracy == pytest.approx(0.950213)
    assert len(finished.sparks) == 3 and finished.size > 1000 and finished.progress == 1.0


def test_a_second_look_reads_no_log_again(whole, runs_folder, monkeypatch):
    index = Index(runs_folder)
    index.summaries()
    read = counted(monkeypatch)
    assert listed(runs_folder, index) == listed(runs_folder, index)
    assert set(read) <= {run.id for run in whole if run.status().is_active}


def test_another_process_finds_what_this_one_read(whole, runs_folder, monkeypatch):
    first = listed(runs_folder)
    read = counted(monkeypatch)
    created = Run.created
    monkeypatch.setattr(Run, "created", lambda run: read.append(run.id) or created(run))
    assert listed(runs_folder) == first
    unsure = {run.id for run, status in zip(whole, STATUSES, strict=True) if status in ("starting", "damaged")}
    assert set(read) <= unsure, "only what is active or damaged is read anew"


CHANGES = {
    "renamed": lambda run: change_metadata(run, title="Another name"),
    "queued": enqueue,
    "launched": lambda run: run.starting_mark.touch(),
    "goes on": lambda run: EventWriter(run.event_log).write("resuming"),
    "has ended otherwise": lambda run: EventWriter(run.event_log).write("failed", message="It failed."),
    "lost its checkpoint": lambda run: run.best.unlink(),
    "got more epochs": lambda run: (
        run.config_file.with_name("new").write_text(
            json.dumps({**json.loads(run.config_file.read_text()), "title": "Longer"})
        )
        and os.replace(run.config_file.with_name("new"), run.config_file)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen_at_once(change, runs_folder):
    run = fake_run(runs_folder, "paused")
    run.best.write_bytes(b"not read")
    index = Index(runs_folder)
    before = listed(runs_folder, index)
    CHANGES[change](run)
    after = listed(runs_folder, index)
    assert after != before
    assert after[run.id] == listed(runs_folder)[run.id] == Index(runs_folder).summary(run)


def test_a_change_within_the_same_tick_of_the_clock_is_not_missed(runs_folder, monkeypatch):
    monkeypatch.setattr(indexing, "SETTLED", 60.0)
    run = fake_run(runs_folder, "finished")
    index = Index(runs_folder)
    index.summaries()
    before = run.folder.stat().st_mtime_ns
    change_metadata(run, title="Another name")
    os.utime(run.folder, ns=(before, before))  # as if the clock had not moved on
    assert listed(runs_folder, index)[run.id].title == "Another name"


def test_a_run_that_trains_is_followed(runs_folder, monkeypatch):
    run = fake_run(runs_folder, "starting")
    index = Index(runs_folder)
    with running(run, epochs=6, done=2) as log:
        seen = listed(runs_folder, index)[run.id]
        assert (seen.status, seen.epochs, seen.progress) == ("running", 2, pytest.approx(1 / 3))
        write_epoch(log, 3)
        assert listed(runs_folder, index)[run.id].epochs == 3
        log.write("finished", message="Done.")
    assert listed(runs_folder, index)[run.id].status == "finished"


def test_a_run_that_goes_on_after_a_crash_counts_no_epoch_twice(runs_folder):
    run = fake_run(runs_folder, "starting")
    log = EventWriter(run.event_log)
    write_start(log, run, 6)
    for epoch in (1, 2, 3):
        write_epoch(log, epoch)
    index = Index(runs_folder)
    assert listed(runs_folder, index)[run.id].epochs == 3
    log.write("resuming")
    write_start(log, run, 6, "resumed", step=20, epoch=1)
    assert listed(runs_folder, index)[run.id].epochs == 1


def test_a_queued_run_that_leaves_the_queue_is_what_it_was(runs_folder):
    run = fake_run(runs_folder, "queued")
    index = Index(runs_folder)
    assert listed(runs_folder, index)[run.id].status == "queued"
    withdraw(run)
    assert listed(runs_folder, index)[run.id].status == "stopped"


def test_folders_come_and_go(runs_folder, tmp_path):
    run, other = fake_run(runs_folder, "finished"), fake_run(tmp_path / "elsewhere", "finished")
    index = Index(runs_folder)
    assert list(listed(runs_folder, index)) == [run.id]
    shutil.copytree(other.folder, runs_folder / other.id)
    assert set(listed(runs_folder, index)) == {run.id, other.id}
    shutil.rmtree(run.folder)
    assert list(listed(runs_folder, index)) == list(listed(runs_folder)) == [other.id]


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"no index at all"),
        lambda path: path.write_bytes(path.read_bytes()[:2000] + b"\xff" * 5000),
        lambda path: path.write_text(path.read_text().replace('"sparks"', '"flames"')),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text('{"version": 4, "runs": [1, 2]}'),
        lambda path: path.write_text('{"version": 3, "runs": {}}'),
        lambda path: path.unlink() or path.mkdir(),
    ],
    ids=["deleted", "foreign", "damaged", "other fields", "deep", "a list", "another version", "a folder"],
)
def test_a_harmed_index_is_made_anew_or_done_without(harm, whole, runs_folder):
    first = listed(runs_folder)
    harm(runs_folder / ".traindesk" / "index.json")
    assert listed(runs_folder) == first
    assert listed(runs_folder) == first


def test_without_a_place_for_it_lists_are_the_same(whole, runs_folder, monkeypatch):
    first = listed(runs_folder)

    def refuse(folder):
        raise indexing.TrainDeskError("The runs folder cannot be written.")

    monkeypatch.setattr(indexing, "workspace_folder", refuse)
    assert listed(runs_folder) == first


LOOK = """
import pathlib, sys
from core.runs import index
index.SETTLED = -1.0
for _ in range(5):
    found = index.Index(pathlib.Path(sys.argv[1])).summaries()
print(len(found))
"""


def test_many_processes_at_once_agree(whole, runs_folder):
    looks = [
        subprocess.Popen([sys.executable, "-c", LOOK, str(runs_folder)], cwd=HOME, stdout=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    assert [look.communicate()[0].strip() for look in looks] == [str(len(STATUSES))] * 5
    assert set(listed(runs_folder)) == {run.id for run in whole}


@pytest.mark.parametrize(
    ("spoil", "part"),
    [
        (lambda run: run.config_file.write_text("{"), "not valid JSON"),
        (lambda run: run.config_file.write_text('{"format": 2}'), "this version reads format 1"),
        (lambda run: run.config_file.write_bytes(b"\xff\xfe\x00"), "cannot be read"),
        (lambda run: run.config_file.unlink(), "cannot be read"),
        (lambda run: run.best.unlink(), "checkpoints are missing"),
    ],
    ids=["damaged config", "newer format", "foreign bytes", "no config", "no checkpoint"],
)
def test_a_damaged_folder_is_one_row_with_a_sentence(spoil, part, runs_folder):
    run = fake_run(runs_folder, "finished")
    run.best.write_bytes(b"not read")
    spoil(run)
    (found,) = Index(runs_folder).summaries()
    assert found.id == run.id
    assert_one_sentence(found.problem, part)


def test_a_log_of_another_program_is_one_row_with_a_sentence(runs_folder):
    run = create_run(quick_config(), runs_folder)
    run.event_log.write_text('{"event":"started","time":1}\n{"event":"epoch","best":true,"epoch":"three"}\n\xff half')
    (found,) = Index(runs_folder).summaries()
    assert_one_sentence(found.problem, "does not understand")


def test_a_half_written_last_line_changes_nothing(runs_folder):
    run = fake_run(runs_folder, "finished")
    run.best.write_bytes(b"not read")
    before = listed(runs_folder)[run.id]
    with run.event_log.open("ab") as file:
        file.write(b'{"event":"fail')
    assert listed(runs_folder)[run.id] == Index(runs_folder).summary(run)
    assert listed(runs_folder)[run.id].status == before.status == "finished"


def test_foreign_files_in_the_runs_folder_are_no_runs(runs_folder):
    runs_folder.mkdir(exist_ok=True)
    (runs_folder / "notes.txt").write_text("mine")
    (runs_folder / "pictures").mkdir()
    (runs_folder / ".hidden").mkdir()
    (runs_folder / ".hidden" / "config.json").write_text("{}")
    assert list_runs(runs_folder) == [] == Index(runs_folder).summaries()


def test_a_growing_run_is_read_on_and_not_from_the_beginning(runs_folder, monkeypatch):
    run = fake_run(runs_folder, "starting")
    index = Index(runs_folder)
    with running(run, epochs=6, done=5) as log:
        index.summaries()
        offsets = []
        from core.runs import history

        read = history.complete_lines
        monkeypatch.setattr(history, "complete_lines", lambda *a: offsets.append(a[1]) or read(*a))
        write_epoch(log, 6)
        wait_until(lambda: listed(runs_folder, index)[run.id].epochs == 6)
    assert min(offsets) > 1000


def test_the_newest_is_first(runs_folder):
    runs = [fake_run(runs_folder, "finished") for _ in range(3)]
    for age, run in enumerate(runs):
        moment = time.time() - 100 * age
        made_at(run, moment)
    assert [summary.id for summary in Index(runs_folder).summaries()] == [run.id for run in runs]
