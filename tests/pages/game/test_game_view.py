"""The page of the class game."""

from dataclasses import replace

import pytest

from core.game.played import Entry, enter, game_of, set_rules, show_replay
from core.game.rules import Rules, breach_of_config, first_config
from core.runs.metadata import own
from core.runs.store import create_run, list_runs
from core.sharing import Guest
from tests.core.game.groups import trains
from tests.helpers import quick_config
from tests.own import own_dataset
from tests.pages.apps import component_data, go, open_app, press, run, sentence, widget, words

RULES = Rules(dataset="digits", target=0.97, most_tries=3)


@pytest.fixture
def game(runs_folder):
    """A folder with a game that is set up."""
    set_rules(runs_folder, RULES)
    return runs_folder


@pytest.fixture
def guest(monkeypatch):
    """The visitor is a guest of a shared dashboard."""
    who = Guest("anna", is_host=False)
    monkeypatch.setattr("pages.components.shell.rights.current_authenticator", lambda: object())
    monkeypatch.setattr("pages.components.shell.rights._guest", lambda: who)


def test_lessons_lead_to_it(runs_folder):
    links = {
        element.proto.page for element in open_app("lessons").get("page_link") if "Class game" in element.proto.label
    }
    assert links == {"game"}


def test_the_host_sets_rules_that_all_see(runs_folder):
    app = open_app("game")
    assert "Clear the board" not in words(app)
    app.selectbox[0].set_value("weights")
    app.selectbox[1].set_value("digits")
    app.number_input[0].set_value(95.5)
    widget(app, "limit most_pictures, 0").set_value(5000)
    press(app, "set the rules")
    assert game_of(runs_folder).rules == Rules("weights", "digits", target=0.955, most_pictures=5000)
    assert "<b>95.5 % in the fewest weights</b> on Tiny digits, 8 x 8. At most 5,000 pictures." in words(app)
    assert "The board is empty" in words(app)


def test_own_pictures_are_played_with_in_the_version_of_that_moment(runs_folder, data, tmp_path):
    dataset = own_dataset(data, tmp_path)
    app = open_app("game")
    app.selectbox[1].set_value(dataset.id)
    app.number_input[0].set_value(80.0)
    press(app, "set the rules")
    rules = game_of(runs_folder).rules
    assert (rules.dataset, rules.source, rules.version) == ("own_images", dataset.id, 1)
    assert "80.0 % in the fewest steps</b> on Patterns" in words(app)
    app = open_app("train", group="Red")
    assert widget(app, "form:dataset").value == "own_images" and not app.warning
    config = first_config(rules, data)
    assert breach_of_config(rules, config) == ""
    facts = config.dataset.facts.model_dump()
    later = config.with_changes({"dataset": config.dataset.model_dump() | {"version": 2, "facts": facts}})
    assert breach_of_config(rules, later) == "Learns from version 2 of Patterns; the rules ask for 1."
    assert replace(rules, source="gone").dataset_title() == "gone"


def buttons(app):
    return {button.key for button in app.button}


HOSTING = {"set the rules", "take off", "yes clear the game"}


def test_a_guest_waits_for_rules_and_changes_nothing(runs_folder, guest):
    app = open_app("game")
    assert "No game has begun yet" in words(app) and not HOSTING & buttons(app)
    set_rules(runs_folder, RULES)
    best = trains(runs_folder, "Red", (0.98,))
    run(app)
    assert "97.0 % in the fewest steps" in words(app)
    assert not (HOSTING | {"replay the best"}) & buttons(app)
    show_replay(runs_folder, best.id)
    assert "How Red learned" in words(run(app)) and "stop the replay" not in buttons(app)


def test_the_host_may_do_all_of_it(game):
    best = trains(game, "Red", (0.98,))
    app = open_app("game")
    assert HOSTING | {"replay the best"} <= buttons(app)
    show_replay(game, best.id)
    assert "stop the replay" in buttons(run(app))


def test_a_group_types_its_name_and_what_it_starts_on_train_is_on_the_board(game, launched):
    app = open_app("game")
    press(app, "train for the board")
    assert "Your group has no name yet; type one." in sentence(app.error[0])
    widget(app, "name of the group").set_value("Red")
    press(app, "train for the board")
    assert app.query_params["group"] == "Red" and "plays for **Red**: 97.0 % in the fewest steps" in words(app)
    assert widget(app, "form:dataset").value == "digits" and not app.warning
    go(app, "train")  # the harness stays where it was opened
    widget(app, "form:training.validation_share").set_value("0.01")
    run(app)
    assert "Outside the rules of the game. Holds out" in sentence(app.warning[0])
    press(app, "start")
    assert game_of(game).entries == (Entry("Red", launched[0]),)
    app = open_app("game")
    assert "Red" in words(app) and "1 of 3" in words(app)


def test_the_form_keeps_the_limits_and_warns_of_what_breaks_them_before_the_start(runs_folder):
    set_rules(runs_folder, Rules(dataset="mnist", most_pictures=5000, most_tries=2))
    app = open_app("train", group="Red")
    pictures = widget(app, "form:training.training_pictures")
    assert int(pictures.value) == 500 and not app.warning
    pictures.set_value(0)
    run(app)
    [warning] = app.warning
    assert "Outside the rules of the game. Learns from 54,001 pictures; the rules allow 5,000" in sentence(warning)
    assert "to at most 500." in sentence(warning)
    for made in ("a", "b"):
        enter(runs_folder, "Red", made)
    [warning] = run(app).warning
    assert "This would be run 3 of your group; the rules allow 2" in sentence(warning) and "54,001" in sentence(warning)


def test_a_link_to_play_is_refused_while_no_game_is_played(runs_folder):
    app = open_app("train", group="Red")
    assert "ask the host to begin one" in sentence(app.warning[0]) and "plays for" not in words(app)


def test_whoever_plays_no_more_starts_runs_of_their_own(game, launched):
    app = open_app("train", group="Red")
    press(app, "play no more")
    assert "plays for" not in words(app) and "group" not in app.query_params
    press(app, "start")
    assert launched and not game_of(game).entries


def test_a_guest_enters_a_run_of_their_own_once(game, guest):
    mine, other = (create_run(quick_config(title=title), game) for title in ("mine", "others"))
    own(mine, "anna")
    app = open_app("game")
    assert list(widget(app, "run to enter").options) == ["mine"]
    widget(app, "name of the group").set_value("Red")
    press(app, "put it on the board")
    assert game_of(game).entries == (Entry("Red", mine.id),)
    assert "There is no run of yours" in words(app)
    assert other.id in [each.id for each in list_runs(game)]


def test_a_run_that_was_entered_meanwhile_is_refused_in_a_sentence_that_stays(game, guest):
    mine = create_run(quick_config(title="mine"), game)
    own(mine, "anna")
    app = open_app("game")
    widget(app, "name of the group").set_value("Blue")
    run(app)
    enter(game, "Red", mine.id)
    press(app, "put it on the board")
    assert "There is no run of yours" in words(app) and "This run plays for Red already" in words(app)
    run(app)
    assert "This run plays for Red already" in words(app)


def test_the_board_has_places_reasons_and_what_moves(game):
    trains(game, "Red", (0.5, 0.98), test=0.981)
    trains(game, "Blue", (0.98,), test=0.975)
    trains(game, "Green", (0.5, 0.96))
    trains(game, "Pink", (0.5,), end="")
    said = words(open_app("game"))
    assert said.index("Blue") < said.index("Red") < said.index("Pink") < said.index("Green")
    for part in (
        "98.1 % in the test",
        "Reached 96.0 %; the rules ask for 97.0 %.",
        "50.0 % so far. Is in epoch 2 of 3.",
    ):
        assert part in said, part


def test_names_are_shown_as_they_are_typed(game):
    trains(game, "<i>&amp;**b**")
    [table] = [each.proto.body for each in open_app("game").get("html") if "<table" in each.proto.body]
    assert '<th scope="row">&lt;i&gt;&amp;amp;**b**</th>' in table


def test_the_best_is_replayed_for_all_and_the_curves_grow(game, monkeypatch):
    best = trains(game, "Red", (0.3, 0.98, 0.99))
    app, other = open_app("game"), open_app("game", view="presenter")
    press(other, "replay the best")
    assert game_of(game).replay.run == best.id and "How Red learned" in words(run(app))
    assert "How Red learned" in words(other)
    began = game_of(game).replay.began
    monkeypatch.setattr("pages.components.game.replay_view.time.time", lambda: began + 6.1)
    run(other)
    half = component_data(other, "live_plot")
    assert half["xLimits"] == [0, 60] and half["marks"] == []
    monkeypatch.setattr("pages.components.game.replay_view.time.time", lambda: began + 13)
    run(other)
    whole = component_data(other, "live_plot")
    assert whole["marks"] == [{"x": 40, "text": "40 steps"}]
    assert len(whole["curves"][1]["y"]) > len(half["curves"][1]["y"])
    press(other, "stop the replay")
    assert "How Red learned" not in words(run(app))


def test_a_replay_of_a_run_that_is_out_says_so(game):
    show_replay(game, trains(game, "Red", (0.5,)).id)
    assert "no longer ranked" in words(open_app("game"))


def test_the_host_takes_a_group_off_and_clears_the_board(game):
    for group in ("Red", "Blue", "Green"):
        enter(game, group, f"run-{group}")
    app = open_app("game")
    widget(app, "group to take off").set_value("Blue")
    press(app, "take off")
    assert game_of(game).groups() == ["Red", "Green"]
    assert "2 groups and all that they entered will be forgotten for good." in words(app)
    press(app, "yes clear the game")
    assert "The board is empty" in words(app) and not game_of(game).entries


def test_the_presenter_view_is_the_board_alone(game):
    trains(game, "Red", (0.98,))
    app = open_app("game", view="presenter")
    assert "Red" in words(app) and not app.text_input and not app.number_input
