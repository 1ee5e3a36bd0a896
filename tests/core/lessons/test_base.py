"""What every lesson keeps to."""

import pytest

from core.lessons import Ask, Start, find_lesson, lessons
from core.lessons._base import LESSONS, register
from tests.helpers import assert_one_sentence

ALL = [pytest.param(lesson, id=lesson.name) for lesson in lessons()]


def starts(lesson, learner):
    """What can be started before anything else was done."""
    acts = [act for step in lesson.steps for act in step.acts if isinstance(act, Start)]
    return [act for act in acts if act.can(learner.seen())]


def test_they_stand_in_their_order_and_are_found_by_name():
    assert [lesson.place for lesson in lessons()] == list(range(1, len(LESSONS) + 1)) and len(LESSONS) == 8
    assert all(find_lesson(lesson.name) is lesson for lesson in lessons()) and find_lesson("alchemy") is None


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="registered twice"):
        register(lessons()[0])


@pytest.mark.parametrize("lesson", ALL)
def test_whoever_has_done_nothing_is_told_so_at_each_step(lesson, learner):
    seen = learner.seen()
    assert not any(verdict.done for verdict in lesson.verdicts(seen))
    for verdict in lesson.verdicts(seen):
        assert_one_sentence(verdict.said)


@pytest.mark.parametrize("lesson", ALL)
def test_it_is_as_long_as_a_lesson_may_be_and_says_all_that_a_teacher_needs(lesson):
    assert 3 <= len(lesson.steps) <= 6 and 10 <= lesson.minutes <= 25
    assert sum(minutes for minutes, _ in lesson.teacher.timing) == lesson.minutes
    assert lesson.question.endswith("?") and lesson.answer and lesson.teacher.expected and lesson.teacher.goes_wrong
    keys = [act.key for step in lesson.steps for act in step.acts if isinstance(act, Ask)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("lesson", ALL)
def test_what_its_buttons_start_can_be_trained_without_the_internet(lesson, learner):
    for act in starts(lesson, learner):
        for config in act.configs(learner.seen()):
            assert config.dataset.info().download_bytes == 0 and config.title, act.label


@pytest.mark.parametrize("lesson", ALL)
def test_a_network_that_had_learned_in_another_run_does_not_count(lesson, learner):
    for act in starts(lesson, learner):
        for config in act.configs(learner.seen()):
            learner.trains(config.with_changes({"training.start_from": "20261127-100000-mlp-0000"}))
    verdicts = lesson.verdicts(learner.seen())
    assert not any(verdict.done for verdict in verdicts)
    assert not learner.runs or any("starts from another run does not count" in verdict.said for verdict in verdicts)


@pytest.mark.parametrize("lesson", ALL)
def test_what_others_did_and_what_was_before_does_not_count(lesson, learner):
    for act in starts(lesson, learner):
        for config in act.configs(learner.seen()):
            learner.trains(config, owner="somebody")
    assert not any(learner.verdicts(lesson))
