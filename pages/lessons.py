"""Lessons: guided experiments whose steps are checked from what the visitor really did."""

import streamlit as st

from core.lessons import find_lesson
from pages.components.lessons.lesson_list import draw_lessons
from pages.components.lessons.lesson_view import draw_lesson
from pages.components.shell.header import name_tab, open_page
from pages.components.shell.links import LESSONS, way_back

open_page("Lessons")
name = st.query_params.get("lesson", "")
if lesson := find_lesson(name):
    name_tab(lesson.title)
    draw_lesson(lesson)
    way_back(LESSONS, "All lessons")
else:
    st.title("Lessons")
    draw_lessons()
