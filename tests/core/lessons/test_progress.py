"""How far a learner is."""

import pytest

from core.errors import TrainDeskError
from core.lessons.progress import Attempt, answer, begin, progress_of, seen_by
from core.runs.history import History
from core.runs.metadata import own
from core.runs.store import create_run
from core.runs.summary import summarise
from tests.helpers import assert_one_sentence, made_at, quick_config


def test_each_visitor_has_their_own_and_it_is_kept(runs_folder):
    begin(runs_folder, "anna", "by_heart")
    answer(runs_folder, "anna", "by_heart", "gap", "It knows them by heart.")
    answer(runs_folder, "anna", "learning_rate", "right", "0.03")
    assert set(progress_of(runs_folder, "anna").lessons) == {"by_heart", "learning_rate"}
    assert progress_of(runs_folder, "anna").lessons["by_heart"].answers == {"gap": "It knows them by heart."}
    assert progress_of(runs_folder, "ben").lessons == {}


def test_begun_anew_it_forgets_the_answers(runs_folder):
    answer(runs_folder, "anna", "by_heart", "gap", "no")
    begin(runs_folder, "anna", "by_heart")
    assert progress_of(runs_folder, "anna").lessons["by_heart"].answers == {}


@pytest.mark.parametrize("owner", ["../../evil", "a/b", "", ".", "x" * 300])
def test_whatever_a_visitor_is_called_it_stays_in_its_folder(owner, runs_folder):
    before = {path for path in runs_folder.parent.rglob("*")}
    begin(runs_folder, owner, "by_heart")
    made = {path for path in runs_folder.parent.rglob("*") if path.is_file()} - before
    assert {path.parent for path in made if path.suffix == ".json"} == {runs_folder / ".traindesk" / "lessons"}
    assert progress_of(runs_folder, owner).lessons["by_heart"].begun


def test_a_damaged_file_is_a_lesson_not_begun(runs_folder):
    begin(runs_folder, "anna", "by_heart")
    (runs_folder / ".traindesk" / "lessons" / "anna.json").write_text("{")
    assert progress_of(runs_folder, "anna").lessons == {}


def test_a_disk_that_takes_nothing_is_said_in_one_sentence(runs_folder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.lessons.progress.write_stored", full)
    with pytest.raises(TrainDeskError) as told:
        begin(runs_folder, "anna", "by_heart")
    assert_one_sentence(str(told.value), "No space left", "free some space")


def test_what_counts_is_the_visitors_own_since_the_lesson_began(runs_folder, data_folder):
    runs = {name: create_run(quick_config(), runs_folder) for name in ("before", "other", "mine", "later")}
    for moment, (name, run) in enumerate(runs.items()):
        own(run, "ben" if name == "other" else "anna")
        made_at(run, 1000.0 * (moment + 1))
    summaries = [summarise(run, History(run), "stopped", "") for run in reversed(runs.values())]
    seen = seen_by(Attempt(1500.0, {"a": "b"}), summaries, runs_folder, data_folder, "anna")
    assert [run.id for run in seen.runs] == [runs["mine"].id, runs["later"].id] and seen.answers == {"a": "b"}
