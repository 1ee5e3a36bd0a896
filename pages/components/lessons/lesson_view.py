"""One lesson: its steps with something to click, whether each is done, a question with an answer to unfold, and its sheets."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.lessons import Act, Ask, Bring, Draw, Go, Lesson, Seen, Start, Step, Verdict
from core.lessons.progress import answer, begin, progress_of
from core.lessons.sheet import pupil_sheet, teacher_sheet
from core.paths import runs_folder
from core.runs.store import MOVING
from core.workers.launch import prepare
from pages.components.lessons.drawing_area import draw_area
from pages.components.lessons.lesson_seen import seen_in
from pages.components.shell.downloads import download
from pages.components.shell.links import page_link, page_named
from pages.components.shell.messages import errors_shown
from pages.components.shell.rights import visitor
from pages.components.shell.start import start_all
from pages.components.shell.widgets import action, pressed, redrawn

REFRESH_SECONDS = 1.5
AT_REST = 5.0  # seconds: between two trainings, or where others do something, nothing moves for a moment
DONE, OPEN = ":material/check_circle:", ":material/radio_button_unchecked:"


@dataclass(frozen=True)
class _State:
    """What is shown: before a lesson is begun nothing is seen."""

    seen: Seen | None
    verdicts: list[Verdict]


def draw_lesson(lesson: Lesson) -> None:
    """Refreshes while something of it trains."""
    prepare()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(lesson.title, width="content")
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            _draw_sheets(lesson)
    st.html(f'<p class="lead">{escape(lesson.goal)}</p>')
    redrawn(lambda: _look(lesson), _moves, lambda state: _draw(lesson, state), REFRESH_SECONDS, AT_REST)


def _look(lesson: Lesson) -> _State:
    attempt = progress_of(runs_folder(), visitor()).lessons.get(lesson.name)
    if attempt is None or not attempt.begun:
        return _State(None, [])
    seen = seen_in(attempt)
    return _State(seen, lesson.verdicts(seen))


def _moves(state: _State) -> object:
    """True as long as something trains; another value when another step is done, as what is below it changes then."""
    moving = state.seen is not None and any(run.status in MOVING for run in state.seen.runs)
    return moving and (True, *(verdict.done for verdict in state.verdicts))


def _draw(lesson: Lesson, state: _State) -> None:
    if state.seen is None:
        st.caption(f"{len(lesson.steps)} steps, about {lesson.minutes} minutes. What you do from now on counts.")
        action("Begin", lambda: begin(runs_folder(), visitor(), lesson.name), "begin", type="primary")
        for number, step in enumerate(lesson.steps, start=1):
            with _step(number, step, done=False):
                st.markdown(step.text)
        return
    for number, (step, verdict) in enumerate(zip(lesson.steps, state.verdicts, strict=True), start=1):
        _draw_step(lesson, number, step, verdict, state.seen)
    if all(verdict.done for verdict in state.verdicts):
        st.success("All steps are done.", icon=":material/celebration:")
    with st.container(border=True, gap="xsmall", key="think"):
        st.markdown(f"**To think about.** {lesson.question}")
        with st.expander("An answer", key="an answer"):
            st.markdown(lesson.answer)
    action("Begin anew", lambda: begin(runs_folder(), visitor(), lesson.name), "begin anew", type="tertiary")


def _step(number: int, step: Step, done: bool) -> DeltaGenerator:
    """A frame with its title."""
    frame = st.container(border=True, gap="xsmall", key=f"step-{number}")
    frame.markdown(f"## {DONE if done else OPEN} {number}. {step.title}")
    return frame


def _draw_step(lesson: Lesson, number: int, step: Step, verdict: Verdict, seen: Seen) -> None:
    with _step(number, step, verdict.done):
        st.markdown(step.text)
        for place, act in enumerate(step.acts):
            _draw_act(lesson, f"{number}-{place}", act, seen, verdict)
        st.html(f'<p class="verdict{" done" if verdict.done else ""}" role="status">{escape(verdict.said)}</p>')


def _draw_act(lesson: Lesson, key: str, act: Act, seen: Seen, verdict: Verdict) -> None:
    if isinstance(act, Start):
        _draw_start(key, act, seen, verdict)
    elif isinstance(act, Go):
        if place := act.place(seen):
            page_link(page_named(*place), label=act.label, icon=":material/arrow_forward:")
    elif isinstance(act, Bring):
        kind = "secondary" if verdict.done else "primary"
        icon = ":material/download:"
        action(act.label, lambda: _made(act, seen), f"bring-{key}", type=kind, icon=icon, disabled=verdict.done)
    elif isinstance(act, Draw):
        draw_area(lesson, act, seen)
    else:
        _draw_question(lesson, key, act, seen)


def _draw_start(key: str, act: Start, seen: Seen, verdict: Verdict) -> None:
    cannot = any(run.status in MOVING for run in seen.runs) or not act.can(seen)
    kind = "secondary" if verdict.done or cannot else "primary"
    if pressed(act.label, f"start-{key}", icon=":material/play_arrow:", type=kind, disabled=cannot):
        with errors_shown():
            with st.spinner("Making the trainings ready ..."):
                start_all(act.configs(seen))
            st.rerun()


def _made(act: Bring, seen: Seen) -> None:
    with st.spinner("Making the dataset ..."):
        act.make(seen)


def _draw_question(lesson: Lesson, key: str, act: Ask, seen: Seen) -> None:
    choices = act.choices(seen)
    if not choices:
        return
    chosen = seen.answers.get(act.key)

    def keep() -> None:
        if picked := st.session_state.get(f"answer-{lesson.name}-{key}"):
            with errors_shown():
                answer(runs_folder(), visitor(), lesson.name, act.key, picked)

    st.pills(
        act.question,
        choices,
        default=chosen if chosen in choices else None,
        key=f"answer-{lesson.name}-{key}",
        on_change=keep,
    )


def _draw_sheets(lesson: Lesson) -> None:
    download("Sheet for pupils", lambda: pupil_sheet(lesson).encode(), f"{lesson.name}.html", f"pupils {lesson.name}")
    download(
        "Sheet for the teacher",
        lambda: teacher_sheet(lesson).encode(),
        f"{lesson.name}-teacher.html",
        f"teacher {lesson.name}",
    )
