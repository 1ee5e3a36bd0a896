"""What is kept of a game."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import TrainDeskError
from core.game.played import (
    FILE,
    MOST_ENTRIES,
    Entry,
    Game,
    clear,
    enter,
    game_of,
    group_name,
    set_rules,
    show_replay,
    take_off,
)
from core.game.rules import Rules
from tests.helpers import assert_one_sentence

RULES = Rules("weights", "digits", target=0.9, most_tries=3)


@pytest.fixture
def played(runs_folder):
    """A folder with a game that is set up."""
    set_rules(runs_folder, RULES)
    return runs_folder


def test_without_a_game_nobody_enters(runs_folder):
    assert game_of(runs_folder) == Game()
    with pytest.raises(TrainDeskError) as told:
        enter(runs_folder, "Red", "a")
    assert_one_sentence(str(told.value), "ask the host")


def test_rules_entries_and_a_replay_are_kept(played):
    opened = game_of(played).opened
    enter(played, "Red", "a")
    enter(played, "  Blue\n team ", "b")
    enter(played, "RED", "c")
    show_replay(played, "c")
    set_rules(played, Rules("steps", "digits"))
    game = game_of(played)
    assert game.entries == (Entry("Red", "a"), Entry("Blue team", "b"), Entry("Red", "c")) and game.opened == opened
    assert game.groups() == ["Red", "Blue team"] and game.rules.goal == "steps" and game.replay.run == "c"
    show_replay(played, "")
    assert not game_of(played).replay.run


def test_nothing_else_is_kept(played):
    enter(played, "Red", "a")
    said = json.loads((played / ".traindesk" / FILE).read_text())
    assert said.keys() == {"rules", "opened", "entries", "replay"} and said["entries"] == [{"group": "Red", "run": "a"}]


def test_rules_that_cannot_be_played_by_change_nothing(played):
    with pytest.raises(TrainDeskError):
        set_rules(played, Rules(target=2.0))
    assert game_of(played).rules == RULES


def test_a_run_is_entered_once(played):
    enter(played, "Red", "a")
    with pytest.raises(TrainDeskError) as told:
        enter(played, "Blue", "a")
    assert_one_sentence(str(told.value), "plays for Red already")


def test_a_full_board_says_so(played, monkeypatch):
    monkeypatch.setattr("core.game.played.MOST_ENTRIES", 2)
    enter(played, "Red", "a")
    enter(played, "Red", "b")
    with pytest.raises(TrainDeskError) as told:
        enter(played, "Red", "c")
    assert_one_sentence(str(told.value), "room for 2 runs", "ask the host to clear it")
    assert MOST_ENTRIES > 100


@pytest.mark.parametrize(("typed", "says"), [(" \n", "type one"), ("x" * 25, "has 25 letters and may have 24")])
def test_a_name_that_is_none_or_too_long_is_one_sentence(typed, says, played):
    for act in (lambda: group_name(typed), lambda: enter(played, typed, "a")):
        with pytest.raises(TrainDeskError) as told:
            act()
        assert_one_sentence(str(told.value), says)


def test_cleared_the_names_are_gone_and_the_rules_stay(played):
    before = game_of(played).opened
    enter(played, "Red", "a")
    show_replay(played, "a")
    clear(played)
    game = game_of(played)
    assert (game.entries, game.replay.run, game.rules) == ((), "", RULES) and game.opened > before
    assert "Red" not in (played / ".traindesk" / FILE).read_text()


def test_one_group_can_be_taken_off_with_its_replay(played):
    for group, run in (("Red", "a"), ("Blue", "b"), ("Red", "c")):
        enter(played, group, run)
    show_replay(played, "b")
    take_off(played, "Red")
    assert game_of(played).entries == (Entry("Blue", "b"),) and game_of(played).replay.run == "b"
    take_off(played, "Blue")
    assert not game_of(played).replay.run


def test_many_who_enter_at_once_are_all_there(played):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: enter(played, f"Group {number % 5}", f"run-{number}"), range(40)))
    assert sorted(entry.run for entry in game_of(played).entries) == sorted(f"run-{number}" for number in range(40))


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        ({"rules": {"goal": "luck", "target": 0.9, "dataset": "digits"}}, lambda game: game.rules.target == 0.9),
        (
            {"rules": {"target": 7, "most_tries": 3}},
            lambda game: (game.rules.target, game.rules.most_tries) == (0.97, 3),
        ),
        ({"rules": 5}, lambda game: game.rules == Rules()),
        ({"opened": -1}, lambda game: game.opened == 0),
        ({"replay": {"run": "../../etc", "began": 5.0}}, lambda game: game.replay.run == ""),
    ],
)
def test_a_damaged_value_costs_itself_alone(damage, kept, played):
    enter(played, "Red", "a")
    path = played / ".traindesk" / FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    assert kept(game_of(played)) and game_of(played).entries == (Entry("Red", "a"),)


@pytest.mark.parametrize(
    "wrong", [{"group": "Evil", "run": "../../x"}, {"group": "x" * 99, "run": "b"}, {"run": "b"}, 5]
)
def test_a_damaged_entry_costs_itself_alone(wrong, played):
    enter(played, "Red", "a")
    path = played / ".traindesk" / FILE
    said = json.loads(path.read_text())
    path.write_text(json.dumps(said | {"entries": [wrong, *said["entries"]]}))
    assert game_of(played).entries == (Entry("Red", "a"),) and game_of(played).rules == RULES


def test_a_disk_that_takes_nothing_is_said_in_one_sentence(played, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.game.played.write_stored", full)
    with pytest.raises(TrainDeskError) as told:
        enter(played, "Red", "a")
    assert_one_sentence(str(told.value), "No space left", "free some space")
