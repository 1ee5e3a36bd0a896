"""Sentences for the visitor, and the fence around what may be damaged."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.shell import messages
from tests.helpers import assert_one_sentence
from tests.pages.apps import sentence


@pytest.fixture
def fence(monkeypatch):
    """As people have it; other tests of pages see through it."""
    monkeypatch.setattr(messages, "UNFORESEEN", Exception)


def page():
    import streamlit as st

    from core.errors import TrainDeskError
    from pages.components.shell.messages import RUN_FOLDER, fenced

    with fenced(*RUN_FOLDER):
        st.markdown("before")
        raise ValueError("five is no epoch")
    with fenced(*RUN_FOLDER):
        raise TrainDeskError("The log is on another disk; mount it.")
    st.markdown("after")


def test_what_goes_wrong_behind_a_fence_is_a_sentence_in_its_place(fence, caplog):
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert [each.value for each in app.markdown] == ["before", "after"]
    damaged, own = (sentence(each) for each in app.error)
    assert_one_sentence(damaged, "This run's folder is damaged", "(ValueError)", "look into it, or delete the run")
    assert own == "The log is on another disk; mount it."
    assert "five is no epoch" in caplog.text, "the log has the rest"


def test_tests_of_pages_see_through_it():
    assert AppTest.from_function(page).run().exception
