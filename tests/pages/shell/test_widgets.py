"""What is chosen or clicked stays so when a page is drawn anew."""

import ast
import time

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.shell import widgets
from pages.components.shell.widgets import COUNTS
from tests.pages.apps import ROOT


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


def test_what_moved_and_came_to_rest_between_two_looks_has_the_page_drawn_anew(monkeypatch):
    parts, anew, log = [], [], ["paused"]
    monkeypatch.setattr(widgets.st, "fragment", lambda part, run_every: parts.append(part) or part)
    monkeypatch.setattr(widgets.st, "rerun", lambda: anew.append(True))
    widgets.redrawn(lambda: "at rest", lambda _: False, lambda _: None, 1.0, 5.0, stands=lambda: len(log))
    again = parts[0]
    again()
    assert not anew
    log += ["resumed", "finished"]
    again()
    assert anew


def a_button_below_what_wants_the_page_anew() -> None:
    import streamlit as st

    from pages.components.shell.widgets import pressed

    if st.session_state.pop("anew", False):
        st.rerun()
    with st.form("form"):
        is_sent = pressed("Send", "send", st.form_submit_button)
    if pressed("Do it", "do it"):
        st.session_state["done"] = st.session_state.get("done", 0) + 1
    if is_sent:
        st.session_state["sent"] = st.session_state.get("sent", 0) + 1


@pytest.mark.parametrize("anew", [False, True])
def test_a_press_counts_once_also_where_the_run_that_it_began_is_broken_off(anew):
    app = AppTest.from_function(a_button_below_what_wants_the_page_anew).run()
    for button, what in ((1, "done"), (0, "sent")):
        for times in (1, 2):
            app.session_state["anew"] = anew
            app.button[button].click().run()
            assert app.session_state[what] == times
            app.run()
            assert app.session_state[what] == times


def test_a_press_of_long_ago_counts_no_more():
    app = AppTest.from_function(a_button_below_what_wants_the_page_anew).run()
    app.session_state["do it, pressed"] = (time.monotonic() - COUNTS - 1, True)
    assert "done" not in app.run().session_state
    app.session_state["do it, pressed"] = (time.monotonic() - COUNTS / 2, True)
    assert app.run().session_state["done"] == 1


def asks_streamlit(source: str) -> list[str]:
    """Calls of Streamlit's buttons whose answer is used, or that hand out files."""
    tree = ast.parse(source)
    alone = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    return [
        ast.unparse(call)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and (name := ast.unparse(call.func)).startswith("st.")
        and (name.endswith("download_button") or name.endswith("button") and id(call) not in alone)
    ]


def test_no_page_asks_streamlit_whether_a_button_was_pressed():
    for path in [ROOT / "home.py", *(ROOT / "pages").rglob("*.py")]:
        assert asks_streamlit(path.read_text(encoding="utf-8")) == [], (
            f"{path}: use widgets.pressed, downloads.download"
        )
    for line in ('if st.button("a"): pass', 'sent = st.form_submit_button("a")', 'st.download_button("a", b"")'):
        assert asks_streamlit(line)
    assert not asks_streamlit('st.button("a", on_click=print)')


def a_component_that_is_clicked() -> None:
    import streamlit as st

    from pages.components.shell.widgets import triggered

    def draw(key, on_open_change):
        if st.session_state.pop("clicked", False):
            st.session_state[key] = {"open": "it"}
            on_open_change()
            st.rerun()
        return {"open": None}

    if triggered(draw, "table", "open")[1] == "it":
        st.session_state["opened"] = st.session_state.get("opened", 0) + 1


def test_what_a_component_said_counts_once_also_where_its_run_is_broken_off():
    app = AppTest.from_function(a_component_that_is_clicked).run()
    app.session_state["clicked"] = True
    app.run()
    assert app.session_state["opened"] == 1
    assert app.run().session_state["opened"] == 1


def a_fold() -> None:
    import streamlit as st

    from pages.components.shell.widgets import lazy_fold

    with lazy_fold("More", "more", opens=st.session_state.get("wrong")) as fold:
        if fold.open:
            st.markdown("inside")


def test_a_fold_is_drawn_while_it_is_open_and_opens_once_when_it_has_to():
    app = AppTest.from_function(a_fold).run()
    assert not app.markdown and not app.expander[0].proto.expanded
    for is_wrong, closed in ((True, False), (True, True), (False, True), (True, False)):
        app.session_state["wrong"] = is_wrong
        if closed:
            app.session_state["more"] = False
        app.run()
        assert bool(app.markdown) == app.expander[0].proto.expanded == (not closed)
    assert not app.exception and not app.warning


def test_all_components_are_made_in_one_place_which_keeps_their_states_in_order():
    makers = [
        path.name for path in (ROOT / "pages").rglob("*.py") if "components.v2" in path.read_text(encoding="utf-8")
    ]
    assert makers == ["widgets.py"]
