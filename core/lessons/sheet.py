"""A lesson on paper: one HTML page without requests for pupils, and one for the teacher."""

from __future__ import annotations

from html import escape
from pathlib import Path

from core.lessons._base import Ask, Lesson, Step
from core.text.printed import bullets, printed_page

HERE = Path(__file__).parent


def pupil_sheet(lesson: Lesson) -> str:
    """HTML: the steps with room to write, and the question."""
    steps = "".join(f"<li>{_step(step)}<div class='lines'></div></li>" for step in lesson.steps)
    body = f"<ol class='steps'>{steps}</ol><h2>To think about</h2><p>{escape(lesson.question)}</p><div class='lines three'></div>"
    return _page(lesson, "Sheet for pupils", f"{len(lesson.steps)} steps, {lesson.minutes} minutes", body)


def teacher_sheet(lesson: Lesson) -> str:
    """HTML: timing, what to say, what comes out, what goes wrong, and the answer."""
    teacher = lesson.teacher
    timing = "".join(f"<tr><th>{minutes} min</th><td>{escape(what)}</td></tr>" for minutes, what in teacher.timing)
    wrong = "".join(f"<dt>{escape(what)}</dt><dd>{escape(then)}</dd>" for what, then in teacher.goes_wrong)
    body = (
        f"<h2>Timing</h2><table>{timing}</table><h2>What to say</h2>{bullets(teacher.say)}"
        f"<h2>Steps</h2><ol class='steps'>{''.join(f'<li>{_step(step)}</li>' for step in lesson.steps)}</ol>"
        f"<h2>What to expect</h2><p>{escape(teacher.expected)}</p><h2>What goes wrong</h2><dl>{wrong}</dl>"
        f"<h2>The question</h2><p>{escape(lesson.question)}</p><p><b>An answer.</b> {escape(lesson.answer)}</p>"
    )
    return _page(lesson, "Sheet for the teacher", f"{sum(minutes for minutes, _ in teacher.timing)} minutes", body)


def _step(step: Step) -> str:
    asked = "".join(f"<p class='ask'>{escape(act.question)}</p>" for act in step.acts if isinstance(act, Ask))
    return f"<b>{escape(step.title)}</b><p>{escape(step.text)}</p>{asked}"


def _page(lesson: Lesson, kind: str, facts: str, body: str) -> str:
    return printed_page(
        HERE,
        "sheet",
        f"{escape(lesson.title)}: {kind}",
        kind=kind,
        number=lesson.place,
        title=escape(lesson.title),
        goal=escape(lesson.goal),
        facts=escape(facts),
        body=body,
    )
