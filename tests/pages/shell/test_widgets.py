"""What is chosen or clicked stays so when a page is drawn anew."""

import pytest
from streamlit.testing.v1 import AppTest


def a_list() -> None:
    import streamlit as st

    from pages.components.shell.widgets import steady

    choices = st.session_state.get("choices", ["one", "two", "three"])
    steady("list", choices, lambda: choices[0])
    st.markdown(st.session_state["list"])


def test_it_is_forgotten_only_when_it_is_no_choice_any_more():
    app = AppTest.from_function(a_list).run()
    assert app.markdown[0].value == "one"
    app.session_state["list"] = "two"
    app.run()
    app.session_state["list"] = "the words that it had before"
    assert app.run().markdown[0].value == "two"
    app.session_state["choices"] = ["three", "four"]
    assert app.run().markdown[0].value == "three"


def a_part_that_waits() -> None:
    import streamlit as st

    from pages.components.shell.widgets import redrawn_until

    def draw() -> None:
        if st.button("Inside"):
            st.session_state["pressed"] = "inside"

    redrawn_until(lambda: True, draw, seconds=60)
    if st.button("Below"):
        st.session_state["pressed"] = "below"


@pytest.mark.parametrize(("button", "pressed"), [(0, "inside"), (1, "below")])
def test_a_part_that_is_due_takes_no_click_away(button, pressed):
    app = AppTest.from_function(a_part_that_waits).run()
    app.button[button].click()
    app.run()
    assert app.session_state["pressed"] == pressed
