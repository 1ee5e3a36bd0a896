"""A saved run is opened on the page Runs: whose it is then, what is said, and what is not let in."""

import pytest
import streamlit as st

from core.export.saved.run_file import save_run
from core.runs.metadata import change_metadata, read_metadata
from core.runs.store import list_runs
from pages.components.shell.messages import attempt
from tests.helpers import assert_one_sentence
from tests.pages.apps import open_app, run, sentence, words
from tests.pages.fake_runs import fake_run
from tests.saved import quiet


@pytest.fixture
def saved(tmp_path, data_folder):
    """The bytes of a saved run that someone else's was."""
    elsewhere = fake_run(tmp_path / "elsewhere", "finished")
    change_metadata(elsewhere, title="Fast *digits*", owner="anna")
    save_run(elsewhere, tmp_path / "digits.traindesk", "", data_folder, quiet)
    return (tmp_path / "digits.traindesk").read_bytes()


def given(app, data, name="digits.traindesk"):
    app.file_uploader[0].upload(name, data)
    return run(app)


def test_it_is_here_with_a_sentence_and_a_link(runs_folder, saved):
    app = given(open_app("runs"), saved)
    [opened] = list_runs(runs_folder)
    assert "'Fast *digits*' is here now." in words(app) and not app.error
    links = [node.proto.query_string for node in app.get("page_link") if "Look at it" in node.proto.label]
    assert links == [f"run={opened.id}"]
    assert read_metadata(opened).owner not in ("", "anna")
    assert app.file_uploader[0].value is None, "the next one can be chosen"
    assert list((runs_folder / ".traindesk").glob("opening-*")) == []
    app = given(app, saved)
    assert "'Fast *digits*' is here already" in words(app) and list_runs(runs_folder) == [opened]


def test_the_next_one_can_be_chosen_also_where_a_press_elsewhere_came_between(runs_folder, saved, monkeypatch):
    def broken_off(place, work):
        attempt(place, work)
        st.rerun()

    monkeypatch.setattr("pages.components.runs.open_run.attempt", broken_off)
    app = given(open_app("runs"), saved)
    assert "is here now" in words(app) and app.file_uploader[0].value is None


def test_what_cannot_be_opened_is_said_beside_it(runs_folder, saved):
    app = given(open_app("runs"), saved[:-300], "../../cut <b>short</b>.traindesk")
    assert_one_sentence(sentence(app.error[0]), "'b>.traindesk'", "cut short")
    assert list_runs(runs_folder) == []
    app = run(app)
    assert len(app.error) == 1, "until another one is chosen"
    app = given(app, saved)
    assert not app.error and len(list_runs(runs_folder)) == 1


def test_a_guest_opens_what_is_theirs_then_and_has_bounds(runs_folder, saved, monkeypatch):
    monkeypatch.setattr("pages.components.runs.open_run.is_host", lambda: False)
    monkeypatch.setattr("pages.components.runs.open_run.visitor", lambda: "ben")
    given(open_app("runs"), saved)
    [opened] = list_runs(runs_folder)
    assert read_metadata(opened).owner == "ben"
    monkeypatch.setattr("core.export.saved.opened_runs.GUEST_BYTES", 1000)
    app = given(open_app("runs"), saved)
    assert_one_sentence(sentence(app.error[0]), "each guest may have")
    monkeypatch.setattr("pages.components.runs.open_run.visitor", lambda: "cleo")
    app = given(open_app("runs"), saved)
    assert_one_sentence(sentence(app.error[0]), "take 0 MB")
