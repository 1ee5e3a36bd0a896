"""A run's settings in words."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from core.errors import TrainDeskError
from core.run_config import GROUPS, PARTS, RunConfig
from core.runs.store import Run
from core.settings.settings import FieldSpec, fields_of


def read_config(run: Run) -> tuple[RunConfig | None, str]:
    """The run's config, or None and the sentence that says what is wrong with it."""
    try:
        return run.config(), ""
    except TrainDeskError as error:
        return None, str(error)


def in_short(config: RunConfig) -> str:
    return f"{config.architecture.label} on {config.dataset.title()}"


def draw_settings(config: RunConfig) -> None:
    """All settings, one line each."""
    rows = []
    for part in PARTS:
        settings = getattr(config, part)
        rows.append((part.capitalize(), settings.label, True))
        rows += [
            (spec.title, value_in_words(spec, getattr(settings, spec.name)), False)
            for spec in fields_of(type(settings))
        ]
    for group, settings_class in GROUPS.items():
        rows.append((group.capitalize(), "", True))
        settings = getattr(config, group)
        rows += [
            (spec.title, value_in_words(spec, getattr(settings, spec.name)), False)
            for spec in fields_of(settings_class)
        ]
    body = "".join(
        f"<tr>{_cell('th' if heading else 'td', title)}{_cell('th' if heading else 'td', value)}</tr>"
        for title, value, heading in rows
    )
    st.html(f'<div class="frame"><table class="table left"><tbody>{body}</tbody></table></div>')


def value_in_words(spec: FieldSpec, value: Any) -> str:
    """(0.001, ...) -> "0.001", True -> "on", "zero_one" -> "0 to 1"."""
    if spec.kind == "boolean":
        return "on" if value else "off"
    if spec.choices:
        return spec.choices.get(value, str(value))
    if spec.kind == "text":
        return value or "none"
    if spec.kind == "integers":
        words = ", ".join(f"{item:,}" for item in value)
        return f"{words} {spec.unit}".strip() if words else "none"
    number = f"{value:.12g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    return f"{number} {spec.unit}".strip()


def _cell(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>"
