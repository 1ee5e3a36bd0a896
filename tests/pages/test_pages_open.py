"""Every page opens, whatever is or is not in the runs folder, and without torch."""

import subprocess
import sys

import pytest

from core.recipes import find_recipe
from core.runs.events import EventWriter
from core.runs.metadata import change_metadata
from core.runs.store import START_SECONDS, create_run
from core.text.titles import shortened
from tests.helpers import made_at
from tests.pages.apps import PAGES, ROOT, component_data, markup, nodes, open_app, sentence, words
from tests.pages.fake_runs import STATUSES, fake_run


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in ("system", "experiment", "glossary", "data", "lessons", "game")]
)
def test_every_page_opens_without_runs_and_says_what_to_do(page, runs_folder):
    app = open_app(page)
    first = {"train": "Start training", "demo": "Start the 60-second demo"}.get(page, "Start the digits training")
    assert app.button[-1].label == first


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_with_runs_of_every_status(page, runs_folder):
    for status in STATUSES:
        fake_run(runs_folder, status)
    app = open_app(page)
    assert app.title


@pytest.mark.parametrize("page", PAGES)
def test_every_page_links_to_the_others(page, runs_folder):
    links = [element.proto.label for element in open_app(page).get("page_link")]
    assert links[:6] == ["Home", "Lessons", "Data", "Train", "Runs", "Classify"]


@pytest.mark.parametrize("status", STATUSES)
def test_a_run_of_every_status_opens(status, runs_folder):
    run = fake_run(runs_folder, status)
    app = open_app("run", run=run.id)
    text = words(app)
    if status == "damaged":
        assert "atlantis" in sentence(app.error[0])
    else:
        assert status in text


def test_an_unknown_run_is_one_sentence(runs_folder):
    fake_run(runs_folder, "finished")
    app = open_app("run", run="nosuch")
    assert "There is no run 'nosuch'" in sentence(app.error[0])


def test_without_an_id_the_newest_run_opens(runs_folder):
    old, new = fake_run(runs_folder, "finished"), fake_run(runs_folder, "failed")
    made_at(old, 1)
    made_at(new, 2)
    assert "failed" in words(open_app("run"))


def test_a_finished_run_shows_its_results(runs_folder):
    text = words(open_app("run", run=fake_run(runs_folder, "finished").id))
    assert "90 of 93 pictures right" in text
    assert "96.8 %" in text
    assert "90 of 93 right. Mixed up most: **4** and **9** (3)." in text
    assert "Hardest class: **4**" in text
    assert "Learning rate" in text and "0.006" in text, "the settings of the run"


def test_a_failed_run_shows_its_sentence_and_the_end_of_its_log(runs_folder):
    text = words(open_app("run", run=fake_run(runs_folder, "failed").id))
    assert "choose a smaller batch size" in text
    assert "OutOfMemoryError" in text


def test_an_interrupted_run_says_so(runs_folder):
    assert START_SECONDS
    text = words(open_app("run", run=fake_run(runs_folder, "interrupted").id))
    assert "process ended without a word" in text


def test_a_damaged_run_is_a_row_with_a_sentence(runs_folder):
    fake_run(runs_folder, "finished")
    fake_run(runs_folder, "damaged")
    app = open_app("runs")
    listed = component_data(app, "run_table")["rows"]
    assert sorted(row["status"] for row in listed) == ["", "damaged"]
    assert any("atlantis" in row["note"] for row in listed)


def test_opening_pages_does_not_import_torch(runs_folder):
    """Torch costs seconds and 500 MB; only the background thread of a page may bring it."""
    fake_run(runs_folder, "finished")
    code = """
import sys
from pages.components.shell import classifiers
classifiers._import_later = lambda module: None
from tests.pages.apps import PAGES, open_app
for page in PAGES:
    open_app(page)
    assert "torch" not in sys.modules, page
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.parametrize("page", ["", "run", "runs", "system", "experiment"])
def test_a_long_title_is_shortened_with_the_whole_as_its_tooltip(page, runs_folder):
    title, name = (
        "A title of eighty letters, as long as one may be " + "x" * 20 + " (seed 3)",
        "Everything we tried " * 2 + "!",
    )
    for rate in (0.1, 0.01):
        config = find_recipe("digits").config().with_changes({"optimizer.learning_rate": rate})
        run = create_run(config.model_copy(update={"experiment": name}), runs_folder)
        change_metadata(run, title=title)
    EventWriter(run.event_log).write("stopped", message="Stopped.")
    app = open_app(page, run=run.id) if page == "run" else open_app(page)
    whole, shown = (title, shortened(title)) if page != "experiment" else (name, shortened(name))
    protos = [node.proto for node in nodes(app._tree) if getattr(node, "proto", None) is not None]
    told = [proto for proto in protos if whole in getattr(proto, "help", "").replace("\\", "")]
    text = markup(app)
    in_html = f'title="{whole}">{shown}</a>' in text
    in_table = page == "runs" and component_data(app, "run_table")["rows"][0]["hint"].startswith(whole)
    assert told or in_html or in_table
