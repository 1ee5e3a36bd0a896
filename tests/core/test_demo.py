"""The demo: what it starts, what it tells, and that resetting it takes away nothing else."""

import itertools
import json
import threading

import pytest

from core import demo
from core.analysis.compare import differences
from core.demo import DemoRuns, configs, made_by, remove, running, shown, start_demo
from core.errors import TrainDeskError
from core.runs.companion import companion_of
from core.runs.store import Run, list_runs
from core.runs.trash import deleted_runs
from core.workers import dispatch
from tests.helpers import assert_one_sentence
from tests.pages.fake_runs import fake_run
from tests.pages.fake_runs import running as at_work


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
    assert first.dataset.name == "mnist" and first.dataset.title() == second.dataset.title(), "it comes along"
    assert first.augmentation.is_on() and not first.augmentation.mixes(), "as the story tells"
    assert 30 <= first.training.epochs * first.training.epoch_seconds <= 50, "a minute with starting and drawing"


def test_both_are_started_at_once_and_found_again(runs_folder, tmp_path, launched):
    runs = start_demo(runs_folder, tmp_path, "me")
    assert launched == [run.id for run in reversed(runs)], "the CNN gets the worker that waits"
    assert [companion_of(run) for run in runs] == runs[::-1], "they learn in step"
    for visitor in ("me", "you", ""):
        demo = shown(runs_folder, visitor)
        assert demo is not None and demo.runs == runs and demo.moves(), "whoever comes finds the demo that runs"


def test_a_second_start_begins_nothing_while_one_runs(runs_folder, tmp_path, launched):
    runs = start_demo(runs_folder, tmp_path, "me")
    with pytest.raises(DemoRuns, match="watch that one"):
        start_demo(runs_folder, tmp_path, "you")
    assert set(list_runs(runs_folder)) == set(runs) and len(launched) == 2
    over(runs[0])
    with pytest.raises(DemoRuns):
        start_demo(runs_folder, tmp_path, "me")
    over(runs[1])
    assert running(runs_folder) is None and start_demo(runs_folder, tmp_path, "you") != runs


def test_of_two_starts_at_once_one_begins(runs_folder, tmp_path, launched):
    barrier, refused = threading.Barrier(4), []

    def start():
        barrier.wait()
        try:
            start_demo(runs_folder, tmp_path, "me")
        except DemoRuns as problem:
            refused.append(problem)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3 and len(list_runs(runs_folder)) == 2


def test_one_finds_ones_own_when_none_runs_and_else_the_newest(runs_folder, tmp_path):
    demos = {}
    for owner in ("me", "you"):
        demos[owner] = start_demo(runs_folder, tmp_path, owner)
        for run in demos[owner]:
            over(run)
    for visitor, owner in (("me", "me"), ("you", "you"), ("", "you"), ("a stranger", "you")):
        found = shown(runs_folder, visitor)
        assert found is not None and found.runs == demos[owner] and not found.moves()
    demos["you"][0].config_file.unlink()
    assert shown(runs_folder).runs == demos["me"], "half a demo is none"


def test_a_reset_takes_all_of_ones_own(runs_folder, tmp_path):
    others = fake_run(runs_folder, "finished")

    def whole(owner: str) -> list[Run]:
        runs = start_demo(runs_folder, tmp_path, owner)
        for run in runs:
            over(run)
        return runs

    theirs, first, second = whole("you"), whole("me"), whole("me")
    assert shown(runs_folder, "me").runs == second and made_by(runs_folder, "me") == first + second
    assert made_by(runs_folder) == theirs + first + second, "alone at a computer all are one's own"
    assert remove(runs_folder, "me") == 4
    assert set(list_runs(runs_folder)) == {others, *theirs} and shown(runs_folder, "me").runs == theirs
    assert {run.id for run in deleted_runs(runs_folder)} == {run.id for run in first + second}, "it can be undone"


def test_a_copy_with_changes_is_not_the_demos(runs_folder, tmp_path):
    from core.runs.store import create_run

    for run in start_demo(runs_folder, tmp_path, "me"):
        over(run)
    copy = create_run(configs()[0], runs_folder)
    remove(runs_folder, "me")
    assert list_runs(runs_folder) == [copy]


def test_runs_that_wait_are_reset_too(runs_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(dispatch, "cpu_runs", lambda _: 0)
    runs = start_demo(runs_folder, tmp_path, "me")
    assert all(run.status().name == "queued" for run in runs)
    assert remove(runs_folder, "me") == 2 and list_runs(runs_folder) == []


def test_one_that_does_not_stop_is_one_sentence_and_the_others_go(runs_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PATIENCE", 0.2)
    first, second = start_demo(runs_folder, tmp_path, "me")
    over(first)
    over(second)
    with at_work(first):
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
        start_demo(runs_folder, tmp_path, "me")
    [begun] = list_runs(runs_folder)
    assert begun.stop_request.exists(), "the other one ends"


@pytest.mark.parametrize("damage", ["", "[", "{}", '[1, {"owner": "me"}, {"owner": "me", "runs": ["../x", 5]}]'])
def test_damaged_notes_are_no_demo(runs_folder, tmp_path, damage):
    start_demo(runs_folder, tmp_path, "me")
    (runs_folder / ".traindesk" / "demos.json").write_text(damage)
    assert shown(runs_folder, "me") is None and made_by(runs_folder, "me") == []
    assert start_demo(runs_folder, tmp_path, "me") == shown(runs_folder, "me").runs


def test_notes_never_lead_out_of_the_runs_folder(runs_folder, tmp_path):
    outside = fake_run(tmp_path / "elsewhere", "finished") if (tmp_path / "elsewhere").mkdir() is None else None
    (runs_folder / ".traindesk").mkdir(exist_ok=True)
    for name in (f"../elsewhere/{outside.id}", str(outside.folder), "..", "."):
        (runs_folder / ".traindesk" / "demos.json").write_text(json.dumps([{"owner": "me", "runs": [name, name]}]))
        assert made_by(runs_folder, "me") == []
        remove(runs_folder, "me")
    assert outside.config_file.exists()
