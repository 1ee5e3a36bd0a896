"""The thing it never saw."""

from core.lessons import find_lesson
from core.lessons.first_network import configs
from core.lessons.never_saw import DIGIT, FORCED, TRIES, UNKNOWN, WORDS

LESSON = find_lesson("never_saw")


def test_a_house_is_not_known_and_something_fools_it(learner):
    learner.answers = {"outputs": FORCED, "house": UNKNOWN, "fooled": TRIES[1]}
    assert learner.verdicts(LESSON) == [False] * 4, "there is no network yet"
    learner.trains(configs(learner.seen())[0])
    assert learner.verdicts(LESSON) == [True] * 4 and "two or three tries" in learner.said(LESSON, 4)
    learner.answers = {"outputs": WORDS[1], "house": DIGIT, "fooled": TRIES[-1]}
    assert learner.verdicts(LESSON) == [True, False, False, True] and "not fooled" in learner.said(LESSON, 4)
