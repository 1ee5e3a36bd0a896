"""How runs stand, and the ranking."""

import pytest
from filelock import FileLock

from core.files import remove_folder
from core.game.board import board_of, ranking
from core.game.played import clear, game_of, set_rules
from core.game.rules import Rules
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.queue import enqueue
from core.runs.store import create_run
from tests.core.game.groups import board, trains
from tests.helpers import assert_one_sentence, made_at, quick_config

RULES = Rules(dataset="digits", target=0.97)


@pytest.fixture
def game(runs_folder):
    """Changes the rules of the game that is played."""

    def with_rules(**changes):
        set_rules(runs_folder, Rules(**{"dataset": "digits", "target": 0.97} | changes))
        return runs_folder

    return with_rules


def only(found):
    [standing] = [*found.ranked, *found.moving, *found.out]
    return standing


def test_the_first_epoch_that_reached_it_counts(game):
    folder = game()
    trains(folder, "Red", (0.9, 0.97, 0.99), test=0.971)
    standing = only(board(folder))
    assert (standing.state, standing.used, standing.reached, standing.place) == ("ranked", 40, (40, 2), 1)
    assert (standing.accuracy, standing.test) == (0.99, 0.971)


@pytest.mark.parametrize(("goal", "value"), [("steps", 40), ("pictures", 777), ("weights", 4321)])
def test_each_goal_counts_its_own(goal, value, game):
    folder = game(goal=goal)
    trains(folder, "Red", train_images=777, parameters=4321)
    assert only(board(folder)).used == value


def test_groups_are_ranked_by_their_best_and_the_same_value_shares_a_place(game):
    folder = game()
    trains(folder, "late", (0.1, 0.2, 0.98))
    trains(folder, "zeta", (0.1, 0.98), test=0.99)
    trains(folder, "Alpha", (0.1, 0.98), test=0.97)
    trains(folder, "zeta", (0.1, 0.2, 0.3, 0.98))
    trains(folder, "first", (0.98,))
    found = board(folder)
    assert [(each.group, each.place, each.used) for each in found.ranked] == [
        ("first", 1, 20),
        ("Alpha", 2, 40),
        ("zeta", 2, 40),
        ("late", 4, 60),
    ]
    assert found.tries == {"late": 1, "zeta": 2, "Alpha": 1, "first": 1} and not found.out
    assert ranking([]) == ()


@pytest.mark.parametrize(
    ("trained", "says"),
    [
        ({"vals": (0.5, 0.96)}, "Reached 96.0 %; the rules ask for 97.0 %."),
        ({"vals": (0.5, 0.96981)}, "Reached 96.98 %; the rules ask for 97.0 %."),
        (
            {"test": 0.969},
            "Read 98.0 % of the validation pictures but 96.9 % of the test pictures; the rules ask for 97.0 %.",
        ),
        ({"test": None, "end": "stopped"}, "Reached 97.0 % but was stopped before its test; let it go on."),
        ({"test": None, "end": "failed"}, "Reached 97.0 % but went wrong before its test; let it go on."),
        (
            {"vals": (), "test": None, "end": "failed"},
            "It went wrong before its first epoch was over; start another one.",
        ),
    ],
)
def test_what_did_not_get_there_says_why(trained, says, game):
    folder = game()
    trains(folder, "Red", **trained)
    standing = only(board(folder))
    assert standing.state == "out"
    assert_one_sentence(standing.said, says)


@pytest.mark.parametrize(
    ("rules", "started", "says"),
    [
        ({"most_pictures": 5000}, {"train_images": 12_000}, "Used 12,000 pictures; the rules allow 5,000."),
        ({"most_steps": 39}, {}, "Used 40 steps; the rules allow 39."),
        ({"most_weights": 999}, {}, "Used 1,000 weights; the rules allow 999."),
    ],
)
def test_more_than_the_rules_allow_is_outside_them(rules, started, says, game):
    folder = game(**rules)
    trains(folder, "Red", **started)
    assert_one_sentence(only(board(folder)).said, says)
    game(**{name: most + 10**6 for name, most in rules.items()})
    assert only(board(folder)).state == "ranked", "judged by the rules as they are now"


def test_steps_after_the_target_cost_nothing(game):
    folder = game(most_steps=40)
    trains(folder, "Red", (0.9, 0.98, 0.98, 0.98))
    assert only(board(folder)).state == "ranked"


def test_a_limit_is_told_while_it_still_trains(game):
    folder = game(most_steps=30)
    trains(folder, "Red", (0.9, 0.95), end="")
    assert_one_sentence(only(board(folder)).said, "Used 40 steps; the rules allow 30.")


def test_seconds_are_those_of_training_until_the_target(game, monkeypatch):
    folder = game(most_seconds=30)
    clock = iter(range(1000, 100_000, 10))
    monkeypatch.setattr("core.runs.events._steady", lambda: float(next(clock)))
    trains(folder, "Red", (0.98, 0.98, 0.98))  # each line ten seconds after the one before
    assert only(board(folder)).state == "ranked"
    clear(folder)
    trains(folder, "Red", (0.5, 0.98, 0.98))
    assert_one_sentence(only(board(folder)).said, "Trained for 40 s; the rules allow 30 s.")
    clear(folder)
    trains(folder, "Red", (0.5, 0.6))
    assert "the rules allow 30 s" in only(board(folder)).said


def test_tries_are_counted_in_the_order_in_which_they_were_entered(game):
    folder = game(most_tries=1)
    trains(folder, "Red", (0.5, 0.98))
    trains(folder, "Blue", (0.5, 0.98))
    trains(folder, "red", (0.98,))
    found = board(folder)
    assert [each.used for each in found.ranked] == [40, 40]
    [second] = found.out
    assert_one_sentence(second.said, "Is run 2 of its group; the rules allow 1.")


def test_what_began_before_the_game_does_not_count(game):
    folder = game()
    made_at(trains(folder, "Red"), 1000.0)
    assert_one_sentence(only(board(folder)).said, "Was started before the game began")


def test_what_was_opened_from_a_file_does_not_count(game):
    folder = game()
    (trains(folder, "Red").folder / "opened.json").write_text("{}")
    assert_one_sentence(only(board(folder)).said, "Was opened from a file")


def test_another_dataset_is_outside_the_rules(game):
    folder = game()
    trains(folder, "Red", config=quick_config(dataset="mnist"))
    assert_one_sentence(only(board(folder)).said, "Learns from MNIST; the rules ask for Tiny digits, 8 x 8.")


def test_a_run_that_is_gone_or_damaged_says_so(game):
    folder = game()
    remove_folder(trains(folder, "Red").folder)
    trains(folder, "Blue").config_file.write_text("{")
    gone, damaged = board(folder).out
    assert_one_sentence(gone.said, "Its folder is gone")
    assert_one_sentence(damaged.said, "Its folder is damaged")


def test_one_on_its_way_moves_and_claims_nothing(game):
    folder = game()
    run = trains(folder, "Red", (0.9,), end="")
    run.starting_mark.unlink()
    with FileLock(run.worker_lock):
        standing = only(board(folder))
        assert (standing.state, standing.used, standing.said) == ("moving", 20, "Is in epoch 2 of 3.")
        assert standing.progress == pytest.approx(1 / 3) and standing.accuracy == 0.9
        log = EventWriter(run.event_log)
        log.write("epoch", epoch=2, step=40, best=True, seconds=1.0, **{"val/accuracy": 0.98})
        standing = only(board(folder))
        assert (standing.state, standing.used, standing.said) == ("moving", 40, "Got there; its test must confirm it.")
        log.write("paused", message="Paused.")
        assert only(board(folder)).said == "Is paused; let it go on."
        log.close()


def test_one_that_waits_says_so(game):
    folder = game()
    enqueue(trains(folder, "Red", (), test=None, end=""))
    assert only(board(folder)).state == "moving"


def test_a_test_of_an_earlier_network_confirms_nothing(game):
    folder = game()
    run = trains(folder, "Red", (0.96,), test=0.98)
    log = EventWriter(run.event_log)
    log.write("epoch", epoch=2, step=40, best=True, seconds=1.0, **{"val/accuracy": 0.98})
    log.write("stopped", message="Stopped.")
    log.close()
    assert_one_sentence(only(board(folder)).said, "Reached 97.0 % but was stopped before its test")


def test_what_no_check_foresaw_costs_its_own_row(game):
    folder = game()
    bad, _ = trains(folder, "Red"), trains(folder, "Blue")

    def history(run):
        if run.id == bad.id:
            raise ZeroDivisionError
        return History(run).update()

    found = board_of(game_of(folder), folder, history)
    assert [each.group for each in found.ranked] == ["Blue"]
    assert_one_sentence(found.out[0].said, "Its folder is damaged (ZeroDivisionError).")


def test_a_stranger_s_log_breaks_nothing(game):
    folder = game()
    run = trains(folder, "Red")
    run.event_log.write_bytes(b'{"event":"epoch","time":1}\n{"event":"finished","time":2}\n\xff\n')
    assert only(board(folder)).state == "out"
    create_run(quick_config(), folder)  # nobody's
    assert only(board(folder)).group == "Red"
