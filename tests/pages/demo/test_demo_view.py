"""The demo's page: begin, learn, draw, replay, reset; and the presenter view of all pages."""

import pytest

from core import demo
from core.demo import made_by, shown
from core.runs.store import list_runs
from core.workers.worker import work
from pages.components.demo import demo_view
from tests.helpers import quick_config, with_plain_spaces
from tests.pages.apps import open_app, run, sentence, widget, words
from tests.pages.fake_runs import fake_run, running


@pytest.fixture(autouse=True)
def one_visitor(monkeypatch):
    monkeypatch.setattr(demo_view, "visitor", lambda: "me")


@pytest.fixture
def over(runs_folder, launched, monkeypatch, data_folder):
    """A short demo that was trained to its end."""
    monkeypatch.setattr(demo, "learn_in_step", lambda run, other: None)  # they train one after the other here
    monkeypatch.setattr(demo, "configs", lambda: [quick_config(title=f"Demo: {title}") for title in demo.TITLES])
    runs = demo.start_demo(runs_folder, data_folder, "me")
    for each in runs:
        each.starting_mark.unlink()
        assert work(each, data_folder)["event"] == "finished"
    return runs


def labels(app):
    return [button.label for button in app.button]


def test_before_it_is_begun_it_shows_what_is_learned_and_by_whom(runs_folder):
    text = words(open_app("demo"))
    assert text.count("<img") >= 10 and "Handwritten digits, which both learn" in text
    assert text.index("## MLP") < text.index("## CNN") < text.index("## You")


def test_home_starts_it_with_one_click_and_shows_it(runs_folder, launched):
    app = open_app()
    widget(app, "start demo").click()
    run(app)
    assert [each.config().title for each in list_runs(runs_folder)] == ["Demo: CNN", "Demo: MLP"]
    assert len(launched) == 2 and "Two networks learn to read" in app.title[0].value
    text = words(app)
    assert "random numbers" in text and "MLP" in text and "CNN" in text and "Your turn" not in text


def test_it_ends_on_the_canvas_with_what_both_reached(over):
    app = open_app("demo")
    text = words(app)
    assert (
        text.index("Your turn") < text.index("Of 360 digits") < text.index("How they learned") < text.index("And now?")
    )
    assert "Draw a digit in the box." in text and "of the test digits" in text and "epoch 1 of 1" in text
    assert "Upload" in [link.proto.label.split()[-1] for link in app.get("page_link")], "for whoever cannot draw"
    assert [text.count(f'<p class="who">{title}') for title in demo.TITLES] == [1, 1], (
        "who answers, before the first stroke"
    )
    assert {"Replay", "Yes, reset it"} <= set(labels(app))


def test_whoever_comes_finds_the_demo_that_runs_and_no_second_one_is_started(runs_folder, launched, monkeypatch):
    app = open_app()
    widget(app, "start demo").click()
    run(app)
    first, second = list_runs(runs_folder)
    monkeypatch.setattr(demo_view, "visitor", lambda: "someone else")
    with running(first), running(second):
        for page in ("demo", ""):
            app = open_app(page)  # a reload, a second tab, another browser
            assert "start demo" not in [button.key for button in app.button] and "Start" not in str(labels(app)[:1])
        text = with_plain_spaces(words(app))
        assert "A demo runs already." in text
        assert text.count("33 %") == text.count("33 % done") == 2, "how far it is, only its cards say, which move"
        assert "Watch the demo that runs" in [link.proto.label for link in app.get("page_link")]
        text = words(open_app("demo"))
        assert "63.2" in text or "86.5" in text, "as it is"
        assert text.count("epoch 3 of 6") == 2, "two are done, and it is in the third"
    assert len(list_runs(runs_folder)) == 2


def test_of_two_clicks_at_once_the_second_is_offered_the_first_ones(runs_folder, launched, data_folder):
    app = open_app()
    demo.start_demo(runs_folder, data_folder, "someone else")
    widget(app, "start demo").click()
    run(app)
    assert len(list_runs(runs_folder)) == 2
    assert "Watch the demo that runs" in [link.proto.label for link in app.get("page_link")]


def test_it_can_be_replayed(over, runs_folder, launched):
    app = open_app("demo")
    widget(app, "replay demo").click()
    run(app)
    assert len(list_runs(runs_folder)) == 4 and shown(runs_folder, "me").runs != over
    assert "random numbers" in words(app)


def test_a_reset_takes_away_what_it_made_and_nothing_else(over, runs_folder):
    kept = fake_run(runs_folder, "finished")
    app = open_app("demo")
    assert "2 runs that the demo made" in words(app)
    widget(app, "yes reset demo").click()
    run(app)
    assert list_runs(runs_folder) == [kept] and made_by(runs_folder) == []
    assert "Start the 60-second demo" in labels(app)


def test_what_prevents_it_is_one_sentence_where_it_was_clicked(runs_folder, no_launch):
    app = open_app()
    widget(app, "start demo").click()
    run(app)
    assert sentence(app.error[0]) == "The training process could not be started (no memory)."
    assert list_runs(runs_folder) == []
