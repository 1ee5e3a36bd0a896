"""Your first network."""

from core.lessons import find_lesson
from core.lessons.first_network import configs
from tests.helpers import quick_config

LESSON = find_lesson("first_network")


def test_from_the_training_to_ones_own_digits(learner):
    run = learner.trains(configs(learner.seen())[0], test=0.991)
    assert learner.verdicts(LESSON) == [True, False, False] and "99.1" in learner.said(LESSON, 1)
    learner.misreads(run, {8: 3, 9: 5})
    learner.answers = {"missed": "8"}
    assert learner.verdicts(LESSON) == [True, False, False] and "than 8" in learner.said(LESSON, 2)
    learner.answers = {"missed": "9", "read": "2 of 3"}
    assert learner.verdicts(LESSON) == [True, True, True]


def test_digits_that_are_missed_as_often_are_both_right(learner):
    learner.misreads(learner.trains(configs(learner.seen())[0]), {2: 4, 5: 4})
    for digit, is_right in (("2", True), ("5", True), ("3", False)):
        learner.answers = {"missed": digit}
        assert learner.verdicts(LESSON)[1] is is_right


def test_a_training_on_other_pictures_does_not_count(learner):
    learner.trains(quick_config())
    assert learner.verdicts(LESSON)[0] is False


def test_how_far_a_training_is_that_has_not_ended(learner):
    learner.trains(configs(learner.seen())[0], status="running")
    assert learner.verdicts(LESSON)[0] is False and "the rest is at" in learner.said(LESSON, 1)
