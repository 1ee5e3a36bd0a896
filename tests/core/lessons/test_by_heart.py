"""Learning by heart."""

from core.lessons import find_lesson
from core.lessons.by_heart import HEART, UNDERSTOOD, configs

LESSON = find_lesson("by_heart")


def test_the_gap_and_what_closes_it(learner):
    [same], [changed] = configs(changed=False), configs(changed=True)
    learner.trains(same, train=1.0, val=0.84, test=0.83)
    assert learner.verdicts(LESSON) == [True, False, False] and "100" in learner.said(LESSON, 1)
    learner.answers = {"gap": UNDERSTOOD}
    assert learner.verdicts(LESSON) == [True, False, False]
    learner.answers = {"gap": HEART}
    learner.trains(changed, val=0.92, test=0.921)
    assert learner.verdicts(LESSON) == [True, True, True]
    assert "83.0" in learner.said(LESSON, 3) and "92.1" in learner.said(LESSON, 3)


def test_pictures_that_are_changed_do_not_count_as_those_that_are_not(learner):
    learner.trains(configs(changed=True)[0])
    assert learner.verdicts(LESSON) == [False, False, False]
