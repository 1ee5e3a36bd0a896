"""The camera that was biased."""

from core.lessons import find_lesson
from core.lessons.biased_camera import BROKEN, NUMBER, PEN, configs

LESSON = find_lesson("biased_camera")


def test_from_the_training_to_better_pictures(learner):
    [biased], [mended] = configs("biased_digits"), configs("mnist")
    learner.misreads(learner.trains(biased, test=0.894), {7: 18, 2: 3})
    learner.answers = {"digit": "2", "thick": BROKEN[1], "why": PEN}
    assert learner.verdicts(LESSON) == [True, False, False, False, False]
    learner.answers = {"digit": "7", "thick": BROKEN[0], "why": NUMBER}
    assert learner.verdicts(LESSON) == [True, True, True, False, False] and "10.0" in learner.said(LESSON, 2)
    learner.answers |= {"why": PEN}
    learner.misreads(learner.trains(mended, test=0.99), {7: 1})
    assert learner.verdicts(LESSON) == [True] * 5
    assert "95.0" in learner.said(LESSON, 5) and "10.0" in learner.said(LESSON, 5)


def test_better_pictures_alone_show_nothing(learner):
    [mended] = configs("mnist")
    learner.misreads(learner.trains(mended), {})
    assert learner.verdicts(LESSON) == [False] * 5
