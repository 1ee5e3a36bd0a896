"""The list of runs: what trains and waits, search, what is said of runs, deleting and having back."""

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.metadata import change_metadata, read_metadata
from core.runs.placement import Placement, write_placement
from core.runs.queue import enqueue_all
from core.runs.store import create_run, list_runs
from core.runs.trash import delete_run, deleted_runs
from pages.components.runs.run_list import fits
from pages.components.runs.run_table import age
from pages.components.shell.histories import summaries
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.apps import component_data, go, open_app, run, sentence, widget, words
from tests.pages.fake_runs import fake_run, running


def click(app, key):
    widget(app, key).click()
    return run(app)


def test_what_trains_and_what_waits_stands_above_the_list(runs_folder, monkeypatch):
    monkeypatch.setattr("core.workers.dispatch.cpu_runs", lambda folder: 1)
    active, first, second = (
        fake_run(runs_folder, "starting"),
        fake_run(runs_folder, "queued"),
        fake_run(runs_folder, "queued"),
    )
    with running(active):
        app = open_app("runs")
        text = words(app)
        assert "33 % of the training done" in text
        assert text.index("Now") < text.index("Waiting") < text.index("Tick runs")
        assert "begins next" in text and "number 2" in text
        app = click(app, f"first {second.id}")
        assert widget(app, f"first {second.id}").disabled and not widget(app, f"first {first.id}").disabled
        app = click(app, f"stop {active.id}")
        assert active.stop_request.exists() and widget(app, f"stop {active.id}").label == "Stopping ..."
        click(app, f"withdraw {first.id}")
    assert first.status().name == "stopped"


def test_a_full_disk_is_said_above_all(runs_folder, monkeypatch):
    fake_run(runs_folder, "finished")
    monkeypatch.setattr("core.runs.disk.FULL", 10**18)
    assert_one_sentence(sentence(open_app("runs").warning[0]), "a new run needs")


@pytest.fixture
def named(runs_folder):
    """Three runs with names, notes and tags."""
    runs = [fake_run(runs_folder, status) for status in ("finished", "paused", "finished")]
    change_metadata(runs[0], title="Alpha", tags=("Class 7b",), favourite=True)
    change_metadata(runs[1], title="Beta", note="trembling hand")
    return runs


def rows(app):
    return component_data(app, "run_table")["rows"]


def titles(app):
    return [row["title"] for row in rows(app)]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("alpha", ["Alpha"]),
        ("CLASS 7B", ["Alpha"]),
        ("HAND trembling", ["Beta"]),
        ("digits", ["Handwritten digits", "Beta", "Alpha"]),
    ],
)
def test_the_search_looks_at_everything_that_is_said(search, found, named):
    app = open_app("runs")
    widget(app, "search").set_value(search)
    assert titles(run(app)) == found


def test_a_search_without_a_hit_says_so(named):
    app = open_app("runs")
    widget(app, "search").set_value("nothing like it")
    app = run(app)
    assert "No run fits" in words(app)
    with pytest.raises(StopIteration):
        rows(app)


def test_favourites_first(named):
    app = open_app("runs")
    assert titles(app) == ["Handwritten digits", "Beta", "Alpha"]
    widget(app, "favourites first").set_value(True)
    assert titles(run(app)) == ["Alpha", "Handwritten digits", "Beta"]


def test_statuses_choose(named):
    app = open_app("runs")
    (pills,) = [group for group in app.button_group if group.key == "statuses"]
    pills.set_value(["paused"])
    assert titles(run(app)) == ["Beta"]


def test_every_word_of_the_search_must_fit(named):
    (beta,) = [entry for entry in summaries() if entry.title == "Beta"]
    assert fits(beta, "beta hand") and not fits(beta, "beta 7b") and fits(beta, "")


def test_a_row_says_what_is_worth_reading(named):
    config = named[1].config()
    (beta,) = [row for row in rows(open_app("runs")) if row["title"] == "Beta"]
    assert beta["cells"] == {
        "data": config.dataset.title(),
        "network": config.architecture.label,
        "rate": str(config.optimizer.learning_rate),
        "epochs": "3",
        "val": "95.0 %",
        "test": "–",
        "time": beta["cells"]["time"],
        "computer": "this one",
        "age": "now",
    }
    assert beta["status"] == "paused" and "trembling hand" in beta["note"] and beta["spark"]


def test_what_trains_comes_first_with_a_bar(runs_folder):
    active = fake_run(runs_folder, "starting")
    fake_run(runs_folder, "finished")
    with running(active):
        listed = rows(open_app("runs"))
    assert [row["share"] for row in listed] == [pytest.approx(0.333, abs=0.01), None]
    assert listed[0]["id"] == active.id and listed[1]["status"] == ""
    assert [row["cells"]["epochs"] for row in listed] == [f"2 of {active.config().training.epochs}", "3"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "now"), (61, "1 min"), (7_300, "2 h"), (90_000, "1 day"), (86_400 * 400, "400 days")]
)
def test_the_age_of_a_run(seconds, text):
    assert age(seconds) == text


def test_what_comes_from_the_browser_is_checked(named):
    app = open_app("runs")
    app.session_state["ticked runs"] = ["../../etc", 7, None]
    assert "Tick runs to compare" in words(run(app))


def test_name_note_and_tags_are_kept_by_the_runs_page(runs_folder):
    entry = fake_run(runs_folder, "finished")
    app = open_app("run", run=entry.id)
    widget(app, f"title {entry.id}").set_value("My first network")
    app.text_area[0].set_value("It learns!")
    widget(app, f"tags {entry.id}").set_value("digits,  small ,digits")
    app = click(app, f"keep {entry.id}")
    labels = read_metadata(entry)
    assert (labels.title, labels.note, labels.tags) == ("My first network", "It learns!", ("digits", "small"))
    assert app.title[0].value == "My first network"
    assert "It learns" in words(app)


def test_the_name_of_its_recipe_is_no_name_of_its_own(runs_folder):
    entry = fake_run(runs_folder, "finished")
    app = open_app("run", run=entry.id)
    widget(app, f"tags {entry.id}").set_value("small")
    click(app, f"keep {entry.id}")
    assert read_metadata(entry).title == ""


def test_a_tag_that_is_too_long_is_one_sentence_and_changes_nothing(runs_folder):
    entry = fake_run(runs_folder, "finished")
    app = open_app("run", run=entry.id)
    widget(app, f"tags {entry.id}").set_value("x" * 40)
    app = click(app, f"keep {entry.id}")
    assert_one_sentence(sentence(app.error[0]), "40 characters", "at most 30")
    assert read_metadata(entry).tags == ()


def test_a_favourite_has_a_star_and_loses_it_again(runs_folder):
    entry = fake_run(runs_folder, "finished")
    app = click(open_app("run", run=entry.id), f"favourite {entry.id}")
    assert read_metadata(entry).favourite and "star" in app.title[0].value
    click(app, f"favourite {entry.id}")
    assert not read_metadata(entry).favourite


def test_a_deleted_run_can_be_had_back_at_once(runs_folder):
    kept, entry = fake_run(runs_folder, "finished"), fake_run(runs_folder, "finished")
    change_metadata(entry, title="Gone")
    app = click(open_app("run", run=entry.id), f"delete {entry.id}")
    assert list_runs(runs_folder) == [kept] and [found.id for found in deleted_runs(runs_folder)] == [entry.id]
    assert "Gone was moved to the trash." in words(app)
    app = click(run(go(app, "runs")), "undo delete")
    assert entry in list_runs(runs_folder) and not deleted_runs(runs_folder)
    assert "was moved to the trash" not in words(app)


def test_a_run_in_the_trash_says_so_by_its_link_and_comes_back(runs_folder):
    fake_run(runs_folder, "finished")
    entry = fake_run(runs_folder, "finished")
    delete_run(entry)
    app = open_app("run", run=entry.id)
    assert "lies in the trash" in words(app)
    app = click(app, "restore this")
    assert entry in list_runs(runs_folder) and "96.8 %" in words(app)


def test_the_trash_is_listed_under_the_runs(runs_folder):
    delete_run(fake_run(runs_folder, "finished"))
    app = open_app("runs")
    assert app.expander[-1].label == "Deleted runs (1)"
    (entry,) = deleted_runs(runs_folder)
    click(app, f"restore {entry.id}")
    assert len(list_runs(runs_folder)) == 1


def test_only_the_best_network_is_kept_on_request(runs_folder):
    entry = fake_run(runs_folder, "finished")
    entry.best.write_bytes(b"x" * 3_000_000)
    entry.last.write_bytes(b"x" * 9_000_000)
    app = open_app("run", run=entry.id)
    assert "takes 12 MB" in words(app)
    app = click(app, f"forget last {entry.id}")
    assert not entry.last.exists() and entry.best.exists()
    assert "takes 3 MB" in words(app) and f"forget last {entry.id}" not in {button.key for button in app.button}


def ticked_actions():
    """The actions of the newest run, as when it is ticked: only a browser can tick."""
    from pages.components.runs.run_list import draw_actions
    from pages.components.shell.histories import summaries

    draw_actions(summaries()[:1])


def test_a_ticked_run_can_be_trained_longer_from_the_list(runs_folder, launched):
    entry = fake_run(runs_folder, "finished")
    app = run(AppTest.from_function(ticked_actions))
    app.number_input(key=f"more epochs {entry.id}").set_value(7)
    run(app)
    before = entry.config().training.epochs
    click(app, f"train on {entry.id}")
    assert entry.config().training.epochs == before + 7 and launched == [entry.id]


def test_the_learning_rate_of_a_running_training_is_changed_from_the_list(runs_folder):
    entry = fake_run(runs_folder, "starting")
    with running(entry):
        app = open_app("runs")
        widget(app, f"new learning rate {entry.id}").set_value("0.0004")
        click(app, f"apply {entry.id}")
        assert float(entry.learning_rate_request.read_text()) == 0.0004


def test_of_many_that_wait_a_page_shows_twenty_and_home_a_few(runs_folder):
    runs = [create_run(quick_config(title=f"waits {number:02}"), runs_folder) for number in range(45)]
    enqueue_all(runs)
    app = open_app("runs")
    text = words(app)
    assert "Waiting (45)" in text and "number 20" in text and "number 21" not in text
    assert len([button for button in app.button if button.label == "Take out of the queue"]) == 20
    widget(app, f"withdraw {runs[3].id}").click()
    assert "Waiting (44)" in words(run(app)) and runs[3].status().name == "stopped"
    assert "and 38 runs more" in words(open_app("")), "six are shown"


def columns(app):
    return [each["kind"] for each in component_data(app, "run_table")["columns"]]


def test_which_computer_trained_a_run_is_a_column_and_a_choice_where_there_are_several(named, runs_folder):
    app = open_app("runs")
    assert "computer" not in columns(app) and not app.selectbox
    write_placement(named[0].folder, Placement("lab-3", 1, settled=True))
    app = open_app("runs")
    assert "computer" in columns(app)
    assert {row["title"]: row["cells"]["computer"] for row in rows(app)}["Alpha"] == "lab-3"
    widget(app, "computers").set_value("lab-3")
    assert [row["title"] for row in rows(run(app))] == ["Alpha"]
    assert [entry.title for entry in summaries() if fits(entry, "lab-3")] == ["Alpha"]
