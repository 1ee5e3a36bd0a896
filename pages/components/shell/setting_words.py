"""Values of settings that differ between runs: in words, and for an axis."""

from __future__ import annotations

from core.analysis.compare import Setting
from pages.components.shell.settings_in_words import value_in_words
from pages.components.shell.wording import NOT_YET


def setting_words(setting: Setting, place: int) -> str:
    """A setting's value in one of the runs."""
    value = setting.values[place]
    return NOT_YET if value is None else value_in_words(setting.spec, value)


def on_axis(setting: Setting, place: int) -> float | str:
    """The same for an axis: numbers stay numbers."""
    value = setting.values[place]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else setting_words(setting, place)
