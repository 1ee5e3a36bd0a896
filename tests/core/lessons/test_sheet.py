"""Lessons on paper."""

import html
import re

import pytest

from core.lessons import Ask, lessons
from core.lessons.sheet import pupil_sheet, teacher_sheet

ALL = [pytest.param(lesson, id=lesson.name) for lesson in lessons()]


def words(sheet):
    return html.unescape(re.sub(r"<[^>]+>", " ", sheet))


@pytest.mark.parametrize("lesson", ALL)
@pytest.mark.parametrize("make", [pupil_sheet, teacher_sheet])
def test_a_sheet_has_all_steps_and_questions_and_asks_nobody_for_anything(lesson, make):
    sheet = make(lesson)
    text = words(sheet)
    assert "://" not in sheet and "$" not in sheet and "<script" not in sheet
    for step in lesson.steps:
        assert step.title in text
        assert all(act.question in text for act in step.acts if isinstance(act, Ask))
    assert lesson.goal in text and lesson.question in text


@pytest.mark.parametrize("lesson", ALL)
def test_only_the_teacher_reads_the_answer(lesson):
    assert lesson.answer in words(teacher_sheet(lesson)) and lesson.answer not in words(pupil_sheet(lesson))
    assert lesson.teacher.expected not in words(pupil_sheet(lesson))
