"""The example on the pages: nothing is empty at the first start, it is marked, hidden with one click and found again."""

import pytest

from core.runs.example import example, is_hidden
from core.runs.store import find_run
from tests.pages.apps import component_data, open_app, run, widget, words
from tests.pages.fake_runs import fake_run


@pytest.fixture
def came_along(monkeypatch, runs_folder):
    monkeypatch.delenv("TRAINDESK_EXAMPLE")
    found = example()
    assert found is not None
    before = {path: path.stat().st_mtime_ns for path in (found.folder, *found.folder.rglob("*"))}
    yield found
    assert {path: path.stat().st_mtime_ns for path in (found.folder, *found.folder.rglob("*"))} == before, (
        "a page wrote into its folder"
    )


def titles(app):
    return [row["title"] for row in component_data(app, "run_table")["rows"]]


def test_runs_shows_it_marked_and_hides_it_with_one_click(came_along, runs_folder):
    app = open_app("runs")
    assert (
        titles(app) == ["Example: handwritten digits"]
        and "example" in component_data(app, "run_table")["rows"][0]["about"]
    )
    own = fake_run(runs_folder, "finished")
    app = run(widget(app, "example").click() and app)
    assert len(titles(app)) == 1 and is_hidden(runs_folder) and find_run("latest", runs_folder) == own
    app = run(widget(app, "example").click() and app)
    assert titles(app)[-1] == "Example: handwritten digits" and not is_hidden(runs_folder)


def test_its_page_opens_like_any_runs_but_changes_nothing(came_along):
    app = open_app("run", run=came_along.id)
    text = words(app)
    assert "Example: handwritten digits" in text and "comes with TrainDesk" in text
    labels = [button.label for button in app.button]
    assert any("Train again" in label for label in labels), "its settings can be trained"
    assert not {"Delete", "Train longer", "Favourite", "Keep only the best network"} & set(labels)


def test_classify_answers_with_it_when_there_is_no_other(came_along, runs_folder):
    assert "Example: handwritten digits" in words(open_app("classify")) + str(
        [box.options for box in open_app("classify").selectbox]
    )
    widget(app := open_app("runs"), "example").click()
    run(app)
    text = words(open_app("classify", run=came_along.id))
    assert "has no checkpoint" not in text, "a link to a hidden one still works"


def test_compare_lays_it_beside_an_own_run(came_along, runs_folder):
    own = fake_run(runs_folder, "finished")
    text = words(open_app("compare", runs=f"{own.id},{came_along.id}"))
    assert "Two runs are needed" not in text and "Example: handwritten digits" in text
