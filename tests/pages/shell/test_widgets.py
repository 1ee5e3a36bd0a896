"""A list whose words change keeps what was chosen in it."""

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
