"""The learning rate."""

from core.lessons import find_lesson
from core.lessons.learning_rate import configs

LESSON = find_lesson("learning_rate")


def test_one_that_fails_has_told_what_it_should(learner):
    small, right, large = configs(learner.seen())
    learner.trains(small, val=0.58)
    learner.trains(right, val=0.96)
    assert learner.verdicts(LESSON) == [False, False, False]
    learner.trains(large, status="failed", val=None)
    learner.answers = {"right": "5"}
    assert learner.verdicts(LESSON) == [True, False, False]
    learner.answers = {"right": "0.01"}
    assert learner.verdicts(LESSON) == [True, True, False]


def test_a_better_one_is_ones_own_and_in_time(learner):
    base = configs(learner.seen())[1]
    learner.trains(base, val=0.98)
    assert learner.verdicts(LESSON)[2] is False, "that is the one of the button"
    learner.trains(base.with_changes({"optimizer.learning_rate": 0.1, "training.epochs": 5}), val=0.98)
    assert learner.verdicts(LESSON)[2] is False, "that took longer"
    learner.trains(base.with_changes({"optimizer.learning_rate": 0.06}), val=0.959)
    assert learner.verdicts(LESSON)[2] is False and "95.9" in learner.said(LESSON, 3)
    learner.trains(base.with_changes({"optimizer.learning_rate": 0.1}), val=0.971)
    assert learner.verdicts(LESSON)[2] is True and "0.1 " in learner.said(LESSON, 3)
