"""The demo: what it starts, what it tells, and that resetting it takes away nothing else."""

import itertools
import json

import pytest

from core import demo
from core.compare import differences
from core.demo import Learner, begin, configs, latest, made_by, remove, told
from core.errors import TrainDeskError
from core.runs import dispatch
from core.runs.store import list_runs
from core.runs.trash import trashed
from tests.helpers import assert_one_sentence, with_plain_spaces
from tests.pages.fake_runs import fake_run, running


@pytest.fixture(autouse=True)
def launched(monkeypatch):
    started = []
    monkeypatch.setattr(
        dispatch, "launch", lambda run, data_folder: started.append(run.id) or run.starting_mark.touch()
    )
    monkeypatch.setattr(dispatch, "start_detached", lambda *_, **__: None)
    return started


def over(run):
    """As if its training had ended."""
    run.starting_mark.unlink(missing_ok=True)
    run.queue_place.unlink(missing_ok=True)


def test_the_two_differ_in_their_architecture_alone():
    first, second = configs()
    assert {setting.path.partition(".")[0] for setting in differences([first, second])} == {"architecture"}
    assert first.dataset.name == "digits", "no internet"
    assert 30 <= first.training.epochs * first.training.shortest_epoch <= 50, "a minute with starting and drawing"


def test_both_are_started_at_once_and_found_again(runs_folder, tmp_path, launched):
    runs = begin(runs_folder, tmp_path, "me")
    assert launched == [run.id for run in runs] and latest(runs_folder, "me") == runs
    assert latest(runs_folder, "you") == []


def test_a_replay_is_the_newest_and_a_reset_takes_all_of_ones_own(runs_folder, tmp_path):
    others = fake_run(runs_folder, "finished")
    theirs = begin(runs_folder, tmp_path, "you")
    first, second = begin(runs_folder, tmp_path, "me"), begin(runs_folder, tmp_path, "me")
    assert latest(runs_folder, "me") == second and made_by(runs_folder, "me") == first + second
    for run in first + second + theirs:
        over(run)
    assert remove(runs_folder, "me") == 4
    assert set(list_runs(runs_folder)) == {others, *theirs} and latest(runs_folder, "me") == []
    assert {run.id for run in trashed(runs_folder)} == {run.id for run in first + second}, "it can be undone"


def test_a_copy_with_changes_is_not_the_demos(runs_folder, tmp_path):
    from core.runs.store import create_run

    for run in begin(runs_folder, tmp_path, "me"):
        over(run)
    copy = create_run(configs()[0], runs_folder)
    remove(runs_folder, "me")
    assert list_runs(runs_folder) == [copy]


def test_runs_that_wait_are_reset_too(runs_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(dispatch, "cpu_runs", lambda _: 0)
    runs = begin(runs_folder, tmp_path, "me")
    assert all(run.status().name == "queued" for run in runs)
    assert remove(runs_folder, "me") == 2 and list_runs(runs_folder) == []


def test_one_that_does_not_stop_is_one_sentence_and_the_others_go(runs_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PATIENCE", 0.2)
    first, second = begin(runs_folder, tmp_path, "me")
    over(first)
    over(second)
    with running(first):
        with pytest.raises(TrainDeskError) as problem:
            remove(runs_folder, "me")
        assert_one_sentence(str(problem.value), "stop it before")
        assert first.stop_request.exists() and list_runs(runs_folder) == [first]


def test_when_one_cannot_be_started_the_other_one_ends(runs_folder, tmp_path, monkeypatch):
    calls = itertools.count()

    def launch(run, data_folder):
        if next(calls) == 1:
            raise TrainDeskError("There is no memory.")
        run.starting_mark.touch()

    monkeypatch.setattr(demo, "PATIENCE", 0.2)
    monkeypatch.setattr(dispatch, "launch", launch)
    with pytest.raises(TrainDeskError, match="no memory"):
        begin(runs_folder, tmp_path, "me")
    assert all(run.stop_request.exists() for run in list_runs(runs_folder)), "the other one ends"


@pytest.mark.parametrize("damage", ["", "[", "{}", '[1, {"owner": "me"}, {"owner": "me", "runs": ["../x", 5]}]'])
def test_damaged_notes_are_no_demo(runs_folder, tmp_path, damage):
    begin(runs_folder, tmp_path, "me")
    (runs_folder / ".traindesk" / "demos.json").write_text(damage)
    assert latest(runs_folder, "me") == [] == made_by(runs_folder, "me")
    assert begin(runs_folder, tmp_path, "me") == latest(runs_folder, "me")


def test_notes_never_lead_out_of_the_runs_folder(runs_folder, tmp_path):
    outside = fake_run(tmp_path / "elsewhere", "finished") if (tmp_path / "elsewhere").mkdir() is None else None
    (runs_folder / ".traindesk").mkdir(exist_ok=True)
    for name in (f"../elsewhere/{outside.id}", str(outside.folder), "..", "."):
        (runs_folder / ".traindesk" / "demos.json").write_text(json.dumps([{"owner": "me", "runs": [name, name]}]))
        assert made_by(runs_folder, "me") == []
        remove(runs_folder, "me")
    assert outside.config_file.exists()


def learner(title, accuracy=None, test=None, status="running", epoch=3):
    return Learner(title, status, epoch, accuracy, test, 360)


@pytest.mark.parametrize(
    ("mlp", "cnn", "parts"),
    [
        ((None,), (None,), ("random numbers",)),
        ((0.8,), (None,), ("random numbers",)),
        ((0.12,), (0.2,), ("guess", "one is right by luck")),
        ((0.5,), (0.71,), ("The CNN is ahead", "71.0 % to 50.0 %")),
        ((0.71,), (0.5,), ("The MLP is ahead", "71.0 % to 50.0 %")),
        ((0.9,), (0.97,), ("Most digits are right", "97.0 % to 90.0 %")),
        ((0.96,), (0.99,), ("Both are good", "99.0 % to 96.0 %")),
        ((0.96, 0.95), (0.99, 0.99), ("Of 360 digits", "the CNN reads 99.0 % and the MLP 95.0 %")),
        ((0.96, 0.99), (0.99, 0.95), ("the MLP reads 99.0 % and the CNN 95.0 %",)),
        ((0.96, 0.9999), (0.99, 0.9999), ("both read 99.9 %",)),
        ((0.96, 0.95), (0.99, None), ("Both are good",)),
    ],
)
def test_what_is_told_follows_the_numbers(mlp, cnn, parts):
    text = with_plain_spaces(told(learner("MLP", *mlp), learner("CNN", *cnn)))
    assert all(part in text for part in parts), text
    assert len(text) < 330 and text.endswith((".", "?"))


@pytest.mark.parametrize(
    ("status", "part"),
    [
        ("failed", "ended by an error"),
        ("interrupted", "was interrupted"),
        ("stopped", "was stopped"),
        ("queued", "room"),
    ],
)
def test_what_prevents_it_is_told(status, part):
    assert part in told(learner("MLP", 0.9), learner("CNN", None, status=status))
