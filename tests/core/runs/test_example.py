"""The run that comes with the program: small, whole, what it says it is, found by its id, and never changed or counted."""

import shutil

import pytest
import torch

from core.errors import TrainDeskError
from core.files import folder_size
from core.paths import HOME
from core.runs.example import example, hide, is_hidden, listed_example
from core.runs.history import History
from core.runs.index import Index
from core.runs.metadata import change_metadata, read_metadata
from core.runs.predictions import read_predictions
from core.runs.snapshots import SnapshotStore
from core.runs.store import Run, find_run, list_runs
from core.runs.trash import delete_run
from core.training.data import data_on_device
from core.training.scoring import evaluate_checkpoint
from core.workers.control import ask_to_resume
from core.workers.dispatch import submit
from tests.helpers import assert_one_sentence, made_at
from tests.pages.fake_runs import fake_run

CAME_ALONG = HOME / "checkpoints" / "example-digits"


@pytest.fixture
def came_along(monkeypatch) -> Run:
    """The real one, as people have it."""
    monkeypatch.delenv("TRAINDESK_EXAMPLE")
    run = example()
    assert run is not None and run.folder == CAME_ALONG
    return run


def test_it_is_small_and_whole(came_along):
    assert folder_size(came_along.folder) <= 1_000_000
    assert came_along.config().recipe == "digits" and came_along.status().name == "finished"
    assert read_metadata(came_along).tags == ("example",), "the badge on every page"
    history = History(came_along).update()
    assert len(history.epochs) == came_along.config().training.epochs and history.progress() == 1
    store = SnapshotStore(came_along)
    assert store.probe_images() is not None and store.epochs()[-1] == len(history.epochs)
    assert not came_along.last.exists() and not came_along.worker_log.exists()


@pytest.mark.parametrize("split", ["val", "test"])
def test_its_scores_are_those_of_its_network_today(came_along, data_folder, split):
    splits, _ = data_on_device(came_along.config(), data_folder, torch.device("cpu"))
    measuring = evaluate_checkpoint(came_along.best, getattr(splits, split), torch.device("cpu"), split)
    while True:
        try:
            next(measuring)
        except StopIteration as end:
            report, predictions = end.value
            break
    kept = read_predictions(came_along, split)
    assert kept is not None and (kept.rows == predictions.rows).all() and (kept.labels == predictions.labels).all()
    assert (kept.predicted != predictions.predicted).mean() <= 0.001, (
        "another processor may round a close call otherwise"
    )
    said = History(came_along).update()
    shown = (said.test or {})["test/accuracy"] if split == "test" else (said.best_epoch() or {})["val/accuracy"]
    assert report[f"{split}/accuracy"] == pytest.approx(shown, abs=0.002)


def test_it_is_listed_last_and_found_by_its_id_and_is_nobodys_newest(came_along, runs_folder):
    with pytest.raises(TrainDeskError):
        find_run("latest", runs_folder)
    own = fake_run(runs_folder, "finished")
    made_at(own, 1)  # older than the program itself
    assert [entry.id for entry in Index(runs_folder).summaries()] == [own.id, came_along.id]
    assert list_runs(runs_folder) == [own] and find_run("latest", runs_folder) == own
    assert find_run(came_along.id, runs_folder) == came_along


def test_it_is_not_counted_where_it_lies_either(came_along):
    assert came_along not in list_runs(CAME_ALONG.parent)
    assert came_along.id in [entry.id for entry in Index(CAME_ALONG.parent).summaries()]


def test_one_click_hides_it_and_one_shows_it_again(came_along, runs_folder):
    hide(runs_folder)
    assert is_hidden(runs_folder) and listed_example(runs_folder) is None and Index(runs_folder).summaries() == []
    assert find_run(came_along.id, runs_folder) == came_along, "a link still opens it"
    hide(runs_folder, False)
    assert listed_example(runs_folder) == came_along


@pytest.mark.parametrize(
    "change",
    [
        delete_run,
        lambda run: change_metadata(run, title="Mine"),
        lambda run: submit(run, run.folder.parent / "data"),
        lambda run: (ask_to_resume(run, more_epochs=1), submit(run, run.folder.parent / "data")),
    ],
    ids=["delete", "rename", "queue", "train on"],
)
def test_nobody_can_change_it(came_along, change, tmp_path, monkeypatch):
    copy = tmp_path / CAME_ALONG.name
    shutil.copytree(CAME_ALONG, copy)
    monkeypatch.setenv("TRAINDESK_EXAMPLE", str(copy))
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(TrainDeskError) as problem:
        change(Run(copy))
    assert_one_sentence(str(problem.value), "example")
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_a_copy_elsewhere_is_a_run_like_any_other(came_along, runs_folder):
    shutil.copytree(CAME_ALONG, runs_folder / CAME_ALONG.name)
    (copy,) = list_runs(runs_folder)
    assert not copy.is_example()
