"""The fences around what may be damaged: one folder costs its own place, and something can be done about it there."""

import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from core import errors
from core.image_sets.imports import Request, new_job
from core.runs import index
from core.runs.queue import enqueue
from core.runs.trash import deleted_runs
from pages.components.shell import histories
from tests.helpers import assert_one_sentence, made_at
from tests.own import own_dataset
from tests.pages.apps import component_data, open_app, sentence, widget, words
from tests.pages.fake_runs import fake_run, running

LISTS = ("", "runs", "compare", "experiment", "train", "classify", "system", "demo")


@pytest.fixture
def fence(monkeypatch):
    """As people have it; other tests of pages see through it."""
    monkeypatch.setattr(errors, "UNFORESEEN", Exception)


def broken(monkeypatch, module, name, run):
    """From now on this function of a module fails for that run."""
    whole = getattr(module, name)

    def fails(of, *arguments):
        if of == run:
            raise ValueError("five is no epoch")
        return whole(of, *arguments)

    monkeypatch.setattr(module, name, fails)


def page():
    import streamlit as st

    from core.errors import TrainDeskError
    from pages.components.shell.fences import fenced

    with fenced("This run's folder"):
        st.markdown("before")
        raise ValueError("five is no epoch")
    with fenced("This run's folder"):
        raise TrainDeskError("The log is on another disk; mount it.")
    st.markdown("after")


def test_what_goes_wrong_behind_a_fence_is_a_sentence_in_its_place(fence, caplog):
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert [each.value for each in app.markdown] == ["before", "after"]
    damaged, own = (sentence(each) for each in app.error)
    assert_one_sentence(damaged, "This run's folder is damaged", "(ValueError)")
    assert own == "The log is on another disk; mount it."
    assert "five is no epoch" in caplog.text, "the log has the rest"


def test_tests_of_pages_see_through_it():
    assert AppTest.from_function(page).run().exception


@pytest.mark.parametrize("page", LISTS)
def test_a_run_whose_facts_cannot_be_told_costs_its_own_row(page, runs_folder, fence, monkeypatch):
    good, bad = fake_run(runs_folder, "finished"), fake_run(runs_folder, "finished")
    broken(monkeypatch, index, "summarise", bad)
    app = open_app(page, **({"runs": f"{good.id},{bad.id}"} if page == "compare" else {}))
    shown = json.dumps(component_data(app, "run_table")) if page == "runs" else words(app)
    if page in ("", "runs", "system"):
        assert (bad.id if page == "system" else "damaged (ValueError)") in shown


@pytest.mark.parametrize("page", ["", "runs", "compare", "run"])
def test_a_run_that_cannot_be_drawn_is_a_sentence_with_its_folder_and_goes_to_the_trash_by_a_click(
    page, runs_folder, fence, monkeypatch
):
    good, bad, other = runs = [fake_run(runs_folder, "finished") for _ in range(3)]
    for days, run in enumerate(runs):
        made_at(run, 1e9 + 86_400 * days)
    address = {"run": {"run": bad.id}, "compare": {"runs": f"{good.id},{bad.id},{other.id}"}}.get(page, {})
    if page in ("", "runs"):  # where only those that train are read
        enqueue(bad)
        monkeypatch.setattr("pages.components.runs.queue_view.read_metadata", lambda _: 1 / 0)
        monkeypatch.setattr("pages.components.demo.home_view._of_a_part", lambda _: 1 / 0)
    whole = histories.shared_history

    def fails(run):
        return whole(run) if run != bad else 1 / 0

    for module in ("compare.compare_view", "run.live_view"):
        monkeypatch.setattr(f"pages.components.{module}.shared_history", fails)
    app = open_app(page, **address)
    said = next(sentence(each) for each in app.error if str(bad.folder) in sentence(each))
    assert "This run's folder is damaged" in said and "(ZeroDivisionError)" in said
    place = {"": "card", "runs": "waiting", "compare": "compared", "run": "live"}[page]
    if page == "compare":
        assert good.id in words(app) and other.id in words(app), "the others stand"
    app = widget(app, f"throw away {place} {bad.id}").click().run()
    assert not app.exception and [run.id for run in deleted_runs(runs_folder)] == [bad.id]


def test_a_dataset_and_an_import_cost_their_own_card(data, tmp_path, fence, monkeypatch):
    good = own_dataset(data, tmp_path, {"stripes": 6, "dots": 6})
    bad = good.folder.with_name("20260101-000000-bad")
    shutil.copytree(good.folder, bad)
    job = new_job(data)
    job.write(Request(path="nowhere.zip", title="Patterns"))
    whole = type(good).page
    monkeypatch.setattr(type(good), "page", lambda self, *of: whole(self, *of) if self.id == good.id else 1 / 0)
    monkeypatch.setattr("pages.components.data.dataset_list.import_page", lambda _: 1 / 0)
    app = open_app("data")
    said = [sentence(each) for each in app.error]
    assert any("This dataset is damaged" in each and str(bad) in each for each in said)
    assert any("This import is damaged" in each and str(job.folder) in each for each in said)
    assert widget(app, f"open {good.id}") and "MNIST" in words(app), "the others stand"
    app = widget(app, f"throw away damaged {bad.name}").click().run()
    app = widget(app, f"throw away damaged {job.id}").click().run()
    assert not bad.exists() and not job.folder.exists() and not app.error


def test_a_run_that_trains_and_cannot_be_drawn_leaves_the_others_their_rows(runs_folder, fence, monkeypatch):
    bad = fake_run(runs_folder, "queued")
    bad.queue_place.unlink()
    with running(bad):
        monkeypatch.setattr("pages.components.runs.queue_view.progress_words", lambda *_: 1 / 0)
        app = open_app("runs")
        assert "This run's folder is damaged" in sentence(app.error[0])
