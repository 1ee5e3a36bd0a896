"""The presenter view goes along with every link of the house, because all are made by one module."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.apps import PAGES, ROOT, open_app, run, widget
from tests.pages.fake_runs import fake_run

SOURCES = sorted([*(ROOT / "pages").rglob("*.py"), ROOT / "home.py"])
OTHERWISE = re.compile(r"\bst\.(page_link|switch_page)\(|query_params\.(from_dict|clear)\(|<a [^>]*href=(?!\"?/logout)")


def test_links_are_made_by_the_module_of_links():
    others = {path: OTHERWISE.findall(path.read_text(encoding="utf-8")) for path in SOURCES if path.stem != "links"}
    assert not (found := {path: links for path, links in others.items() if links}), f"use shell.links: {found}"


def test_the_check_finds_links_that_are_made_otherwise():
    for line in ('st.page_link("pages/run.py")', "st.query_params.from_dict({})", "f'<a href=\"run?run={x}\">'"):
        assert OTHERWISE.search(line)
    assert not OTHERWISE.search('page_link("pages/run.py", label="Run")')


WITHOUT_LINKS = ("data", "demo", "game", "run", "system", "train")  # presented, with one finished run


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_presented_page_stays_presented(page, runs_folder):
    fake_run(runs_folder, "finished")
    app = open_app(page, view="presenter")
    links = [element.proto for element in app.get("page_link")]
    assert "Home" not in [link.label for link in links], "no menus"
    assert all("view=presenter" in link.query_string for link in links)
    within = [link for frame in app.get("html") for link in re.findall(r'href="(?!/files/)([^"]+)"', frame.proto.body)]
    assert all("view=presenter" in link for link in within)
    assert bool(links or within) == (page not in WITHOUT_LINKS)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_presented(page, runs_folder):
    app = open_app(page)
    widget(app, "present to a room").click()
    app = run(app)
    assert "Computer" not in [element.proto.label for element in app.get("page_link")] and app.title
    widget(app, "leave presenting").click()
    app = run(app)
    assert "Computer" in [element.proto.label for element in app.get("page_link")]


def test_presenting_is_begun_and_left_by_one_click_and_keeps_what_is_looked_at(runs_folder):
    shown = fake_run(runs_folder, "finished")
    app = open_app("run", run=shown.id)
    widget(app, "present to a room").click()
    app = run(app)
    assert (app.query_params["view"], app.query_params["run"]) == ("presenter", shown.id)
    widget(app, "leave presenting").click()
    app = run(app)
    assert "view" not in app.query_params and app.query_params["run"] == shown.id
    assert "Home" in [element.proto.label for element in app.get("page_link")]


def two_choices():
    import streamlit as st

    from pages.components.shell.links import from_address

    for name in ("metric", "axis"):
        st.radio(name, ["a", "b", "c"], key=name, on_change=from_address(name, ["a", "b", "c"], "a"))


def test_a_refresh_with_the_address_of_before_a_choice_does_not_take_it_back():
    app = AppTest.from_function(two_choices).run()
    app.radio(key="metric").set_value("b").run()
    app.radio(key="axis").set_value("b")
    app.radio(key="metric").set_value("c").run()
    for late in ({}, {"metric": "b"}, {"metric": "c"}):  # a part that refreshes itself asked before it knew
        app.query_params.clear()
        app.query_params.update(late)
        app.run()
        assert (app.radio(key="metric").value, app.radio(key="axis").value) == ("c", "b")
        assert dict(app.query_params) == {"metric": "c", "axis": "b"}


def test_the_back_button_takes_a_choice_back_once_the_browser_knew_it():
    app = AppTest.from_function(two_choices).run()
    app.radio(key="metric").set_value("b").run()
    app.run()
    app.query_params.clear()
    app.run()
    assert app.radio(key="metric").value == "a"
    app.query_params["metric"] = "b"
    app.run()
    assert app.radio(key="metric").value == "b", "and forward"
