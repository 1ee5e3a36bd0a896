"""Lessons on their page."""

from PIL import Image

from core.image_sets.folders import list_datasets
from core.lessons import find_lesson, lessons
from core.lessons.learning_rate import configs
from core.lessons.progress import answer, progress_of
from core.lessons.whose_digits import collection
from core.runs.store import list_runs
from tests.core.lessons.learner import Learner
from tests.helpers import with_plain_spaces
from tests.pages.apps import open_app, press, run, widget, words


def test_all_are_listed_and_opened(runs_folder):
    app = open_app("lessons")
    for lesson in lessons():
        assert lesson.title in words(app) and lesson.goal in words(app)
    press(app, "open learning_rate")
    assert app.title[0].value == "The learning rate" and "learning_rate" in app.query_params["lesson"]


def test_an_unknown_name_shows_the_list(runs_folder):
    assert open_app("lessons", lesson="alchemy").title[0].value == "Lessons"


def test_begun_a_step_starts_its_trainings_once(runs_folder, monkeypatch):
    monkeypatch.setattr("core.workers.dispatch.launch", lambda run, data: run.starting_mark.touch())
    app = open_app("lessons", lesson="learning_rate")
    assert "0 of 3 done" not in words(app)
    press(app, "begin")
    assert "0 of 3 done" in words(app)
    press(app, "start-1-0")
    assert sorted(config.optimizer.learning_rate for config in (each.config() for each in list_runs(runs_folder))) == [
        0.0001,
        0.01,
        5.0,
    ]
    assert widget(app, "start-1-0").disabled


def test_an_answer_is_kept_and_judged(runs_folder, data_folder):
    app = open_app("lessons", lesson="learning_rate")
    press(app, "begin")
    learner = Learner(runs_folder, data_folder)
    for config, val in zip(configs(learner.seen()), (0.5, 0.96, 0.1), strict=True):
        learner.trains(config, val=val)
    run(app)
    widget(app, "answer-learning_rate-2-1").set_value("5")
    run(app)
    assert "With 5 it did not read" in words(app)
    widget(app, "answer-learning_rate-2-1").set_value("0.01")
    run(app)
    assert "Yes, 0.01" in words(app)
    assert progress_of(runs_folder, "here").lessons["learning_rate"].answers == {"right": "0.01"}
    assert "2 of 3 steps done" in words(open_app("lessons"))
    press(app, "begin anew")
    assert "0 of 3 done" in words(app)


def test_several_draw_under_their_names_and_only_the_host_removes_all(runs_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path))
    digits = collection(tmp_path)
    for digit in "012":
        digits.keep("Anna", digit, Image.new("L", (20, 20)))
    app = open_app("lessons", lesson="whose_digits")
    press(app, "begin")
    assert "Anna has 3 of 10" in words(app) and widget(app, "start-2-0").disabled
    widget(app, "writer of whose_digits").set_value("anna")
    run(app)
    assert "**Anna**, draw a **3** (4 of 10)." in words(app)
    assert "take back" not in [each.key for each in app.button], "these are of somebody else's computer"
    answer(runs_folder, "here", "whose_digits", "writer", "Anna")
    app = open_app("lessons", lesson="whose_digits")
    press(app, "take back")
    assert "**Anna**, draw a **2** (3 of 10)." in words(app)
    digits.keep("Ben", "0", Image.new("L", (20, 20)))
    widget(app, "writer of whose_digits").set_value("Ben")
    run(app)
    assert "take back" not in [each.key for each in app.button], "Ben drew elsewhere"
    widget(app, "writer of whose_digits").set_value("?")
    run(app)
    assert "A writer needs a name" in words(app)
    monkeypatch.setattr("pages.components.lessons.drawing_area.is_host", lambda: False)
    run(app)
    assert "remove all drawings" not in [each.key for each in app.button]
    monkeypatch.setattr("pages.components.lessons.drawing_area.is_host", lambda: True)
    run(app)
    press(app, "remove all drawings")
    assert digits.drawn() == {} and "0 of 3 writers" in words(app)


def test_a_dataset_is_brought_once(runs_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path))
    app = open_app("lessons", lesson="the_leak")
    press(app, "begin")
    press(app, "bring-1-0")
    assert "The digits are there: 280 pictures" in words(app) and widget(app, "bring-1-0").disabled
    [dataset] = list_datasets(tmp_path)
    assert dataset.about("owner") == "here"


def test_before_a_lesson_is_begun_it_says_what_will_be_done(runs_folder):
    app = open_app("lessons", lesson="learning_rate")
    lesson, shown = find_lesson("learning_rate"), words(app)
    assert all(with_plain_spaces(text) in shown for step in lesson.steps for text in (step.title, step.text))
    assert "start-1-0" not in [each.key for each in app.button]
