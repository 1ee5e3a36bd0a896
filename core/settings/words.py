"""The value of a setting as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.settings.settings import FieldSpec
from core.text.numbers import decimal


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
        return f"{words} {_unit(spec, value)}".strip() if words else "none"
    number = decimal(value, 12) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    return f"{number} {_unit(spec, [value])}".strip()


def _unit(spec: FieldSpec, values: Sequence[Any]) -> str:
    """As it follows these numbers: "1 epoch", "3 epochs"."""
    return spec.unit.removesuffix("s") if list(values) == [1] and " " not in spec.unit else spec.unit
