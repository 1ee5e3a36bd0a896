"""All lessons: what one learns in each, how long it takes, and how far this visitor is."""

from __future__ import annotations

import streamlit as st

from core.lessons import Lesson, lessons
from core.lessons.progress import Progress, progress_of
from core.paths import runs_folder
from core.workers.launch import prepare
from pages.components.lessons.lesson_seen import seen_in
from pages.components.shell.links import GAME, lesson_page, page_link, show
from pages.components.shell.rights import visitor

LEAD = (
    "Guided experiments for a class or for yourself. Each step is checked from what you did: your runs, your pictures, your "
    "answers. No internet is needed, and each has a sheet for pupils and one for the teacher."
)


def draw_lessons() -> None:
    """A card for each."""
    prepare()
    st.html(f'<p class="lead">{LEAD}</p>')
    known = progress_of(runs_folder(), visitor())
    with st.container(key="lessons"):
        for lesson in lessons():
            _draw_card(lesson, known)
        with st.container(border=True, key="card of the game", gap="xsmall"):
            page_link(GAME, label="**Class game**", icon=":material/trophy:")
            st.markdown(
                "Groups train under the same rules, and a board shows live who needs the fewest steps, pictures or weights."
            )


def _draw_card(lesson: Lesson, known: Progress) -> None:
    with st.container(border=True, key=f"lesson-{lesson.name}", gap="xsmall"):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="xsmall"
        ):
            name = f"**{lesson.place}. {lesson.title}**"
            st.button(name, key=f"open {lesson.name}", type="tertiary", on_click=show, args=(lesson_page(lesson.name),))
            st.caption(f"{lesson.minutes} minutes", width="content")
        st.markdown(lesson.goal)
        attempt = known.lessons.get(lesson.name)
        if attempt is not None:
            done = sum(verdict.done for verdict in lesson.verdicts(seen_in(attempt)))
            st.progress(done / len(lesson.steps), text=f"{done} of {len(lesson.steps)} steps done")
