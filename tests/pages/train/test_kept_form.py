"""What the browser kept of the form: offered back whole, whatever lies there, and never in the place of what a link fills in."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.recipes import find_recipe
from core.runs.store import create_run
from pages.components.shell.form_values import check, values_of
from pages.components.train.filled_form import Origin
from pages.components.train.kept_form import Kept, read_form
from pages.components.train.sweep_form import GIVEN, METHOD, NAME, SEEDS, SETTINGS
from tests.pages.apps import open_app, run, widget, words

VALUES = values_of(find_recipe("digits").config()) | {"optimizer.adam.learning_rate": "0,5", "title": "Mine"}
SWEEP = {SETTINGS: ["training.batch_size"], SEEDS: 2, "sweep training.batch_size": "16, 32", NAME: "Sizes", GIVEN: "x"}
FORM = Kept(VALUES, SWEEP | {METHOD: "grid"}, Origin("recipe", "digits"))
ODD = (None, True, -1, 10**400, 1e308, "", "x" * 5000, "\0", "nan", [], [1], {}, {"a": 1}, 2**53)


def offered(text, page="train", **query):
    """The page of a visitor whose browser kept this."""
    app = open_app(page, **query)
    app.session_state["kept form"] = {"left": {"form": text, "seconds": 90}}
    return run(app)


def test_a_form_is_read_as_it_was_kept():
    assert read_form(json.dumps(FORM)) == FORM


def test_it_is_offered_and_brought_back_with_what_it_came_from(runs_folder):
    app = offered(json.dumps(FORM), recipe="mlp")
    assert "What you typed here today" in words(app) and "Mine" in words(app)
    assert widget(app, "form:title").value == find_recipe("mlp").title, "the link fills the form"
    widget(app, "bring the form back").click()
    run(app)
    assert widget(app, "form:optimizer.adam.learning_rate").value == "0,5"
    assert widget(app, SETTINGS).value == ["training.batch_size"]
    assert widget(app, "sweep training.batch_size").value == "16, 32"
    assert "digits" in app.query_params["recipe"] and "Changed from" in words(app)
    assert "What you typed" not in words(app) and not widget(app, "start").disabled


def test_what_was_started_is_not_offered(runs_folder):
    values = VALUES | {"training.epochs": 7}
    config, _ = check(values)
    assert "What you typed" in words(offered(json.dumps(FORM._replace(values=values, sweep={}))))
    create_run(config, runs_folder)
    assert "What you typed" not in words(offered(json.dumps(FORM._replace(values=values, sweep={}))))


def test_what_the_form_shows_anyway_is_not_offered(runs_folder):
    plain = Kept(values_of(find_recipe("mlp").config()), {}, Origin("recipe", "mlp"))
    assert "What you typed" not in words(offered(json.dumps(plain), recipe="mlp"))


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_a_browser_says_is_a_form_or_none(said):
    for each in (said, json.dumps(said), json.dumps([said, said, ["recipe", "x"]]), json.dumps([VALUES, said, said])):
        read_form(each)


@pytest.mark.parametrize("seed", range(12))
def test_odd_values_are_left_out_and_the_page_stands(seed, runs_folder):
    chance = random.Random(seed)
    values, sweep = dict(VALUES), dict(FORM.sweep)
    for where in (values, sweep):
        for key in chance.sample(sorted(where), len(where) // 3):
            where[key] = chance.choice(ODD)
    values["dataset"] = chance.choice(("mnist", "own_images", "gone"))
    text = json.dumps([values, sweep, [chance.choice(("recipe", "from", 7)), chance.choice(("digits", "gone"))]])
    app = offered(text)
    if "What you typed" in words(app):
        widget(app, "bring the form back").click()
        run(app)
