"""What the browser's tab says of a page."""

import pytest
import streamlit as st

from core.image_sets.folders import list_datasets
from tests.pages.apps import open_app
from tests.pages.fake_runs import fake_run


@pytest.fixture
def tab(monkeypatch):
    """Opens a page and says what its tab is called in the end."""
    titles = []
    monkeypatch.setattr(
        st, "set_page_config", lambda page_title=None, **_: titles.extend([page_title] if page_title else [])
    )

    def named(page, **query):
        open_app(page, **query)
        return titles[-1]

    return named


def test_a_tab_that_shows_one_of_many_is_named_after_it(tab, runs_folder, data_folder, patterns):
    run = fake_run(runs_folder, "finished", changes={"title": "Wide one", "experiment": "Widths"})
    [own] = [each for each in list_datasets(data_folder) if each.id == patterns.id]
    assert tab("run", run=run.id) == "Wide one - TrainDesk"
    assert tab("experiment", experiment="Widths") == "Widths - TrainDesk"
    assert tab("lessons", lesson="learning_rate") == "The learning rate - TrainDesk"
    assert tab("data", set=own.id) == f"{own.title} - TrainDesk"
    assert tab("data", set="digits") == "Tiny digits, 8 x 8 - TrainDesk"
    assert tab("lessons") == "Lessons - TrainDesk"
