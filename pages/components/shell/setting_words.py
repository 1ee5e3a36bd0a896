"""Settings in words: all of a run, one value, and those in which runs differ."""

from __future__ import annotations

from html import escape
from itertools import groupby
from logging import getLogger

import streamlit as st

from core import errors
from core.analysis.compare import Setting
from core.errors import TrainDeskError
from core.run_config import GROUPS, RunConfig
from core.runs.store import Run
from core.settings.words import value_in_words as value_in_words


def read_config(run: Run) -> tuple[RunConfig | None, str]:
    """The run's config, or None and the sentence that says what is wrong with it."""
    try:
        return run.config(), ""
    except TrainDeskError as error:
        return None, str(error)
    except errors.UNFORESEEN as error:
        getLogger(__name__).exception("the config of run %s cannot be read", run.id)
        return None, f"The config of run {run.id} is damaged ({type(error).__name__})."


def in_short(config: RunConfig) -> str:
    """ "MLP on MNIST"."""
    return f"{config.architecture.label} on {config.dataset.title()}"


def draw_settings(config: RunConfig) -> None:
    """All settings, one line each."""
    rows: list[tuple[str, str, bool]] = []
    for owner, settings in groupby(config.fields().items(), key=lambda setting: setting[0].partition(".")[0]):
        if owner in GROUPS:
            rows.append((owner.capitalize(), "", True))
        rows += [(spec.title, value_in_words(spec, config.value_at(path)), path == owner) for path, spec in settings]
    body = "".join(
        f"<tr>{_cell('th' if heading else 'td', title)}{_cell('th' if heading else 'td', value)}</tr>"
        for title, value, heading in rows
    )
    st.html(f'<div class="frame" tabindex="0"><table class="table left"><tbody>{body}</tbody></table></div>')


def on_axis(setting: Setting, place: int) -> float | str:
    """A setting's value in one of the runs that differ in it, for an axis: numbers stay numbers."""
    value = setting.values[place]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else setting.in_words(place)


def _cell(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>"
