"""The rules of a game."""

import pytest

from core.datasets import DATASETS
from core.errors import TrainDeskError
from core.game.rules import GOALS, Rules, breach_of_config, check_rules
from tests.helpers import assert_one_sentence, quick_config, with_plain_spaces


@pytest.mark.parametrize("name", [name for name in DATASETS.names() if name != "own_images"])
@pytest.mark.parametrize("goal", GOALS)
def test_every_dataset_can_be_played_with_for_every_goal(goal, name):
    rules = Rules(goal, dataset=name)
    check_rules(rules)
    assert GOALS[goal] in rules.wanted() and rules.dataset_title() == DATASETS.get(name).label


def test_they_are_said_in_words():
    rules = Rules("pictures", target=0.95, most_steps=1, most_weights=5000, most_seconds=90, most_tries=3)
    assert with_plain_spaces(rules.wanted()) == "95.0 % in the fewest pictures"
    assert rules.limits() == ["1 step", "5,000 weights", "1 min 30 s of training", "3 tries for each group"]
    assert Rules().limits() == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"target": 1.2}, "The accuracy to reach is 120.0 %; choose one from 30.0 % to 99.9 %."),
        ({"target": 0.1}, "choose one from 30.0 %"),
        ({"dataset": "atlantis"}, "There is no dataset 'atlantis'"),
        ({"dataset": "own_images"}, "choose which one"),
        ({"most_tries": -1}, "The limit of tries is -1; choose one from 0, no limit"),
        ({"most_pictures": 10**10}, "The limit of pictures is 10,000,000,000"),
    ],
)
def test_what_cannot_be_played_by_is_one_sentence(changes, says):
    with pytest.raises(TrainDeskError) as told:
        check_rules(Rules(**changes))
    assert_one_sentence(str(told.value), says)


RULES = Rules(dataset="digits")


def test_an_ordinary_config_is_within_them():
    assert breach_of_config(RULES, quick_config()) == ""
    assert breach_of_config(Rules(), quick_config(dataset="mnist", training={"validation_share": 0.02})) == ""


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"dataset": "mnist"}, "Learns from MNIST; the rules ask for Tiny digits, 8 x 8."),
        ({"training": {"start_from": "20260101-101010-first-abcd"}}, "Starts from the weights of another run"),
        ({"training": {"own_pictures": 5}}, "corrected on the Classify page, which may be test pictures"),
        (
            {"training": {"validation_share": 0.05}},
            "Holds out 5.0 % for validation, 72 pictures; the rules ask for 10.0 %",
        ),
    ],
)
def test_what_a_config_may_not_do_is_one_sentence(settings, says):
    assert_one_sentence(breach_of_config(RULES, quick_config(**settings)), says)
