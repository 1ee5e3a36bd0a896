"""Several values of one setting, as a person types them: "0.1, 0.01, 0.001", "0.001 to 0.1, 5 values", "1 to 9 step 2"."""

from __future__ import annotations

import contextlib
import math
import re
from typing import Any

from core.errors import TrainDeskError
from core.settings import FieldSpec

MOST = 50  # values of one setting
WIDE = 10.0  # a range whose end is this many times its beginning is divided by equal factors instead of equal steps
_NUMBER = r"([-+]?[\d.,]*\d(?:[eE][-+]?\d+)?)"
_RANGE = re.compile(
    rf"\s*{_NUMBER}\s*(?:to|-|–|\.\.)\s*{_NUMBER}\s*[,;]?\s*(?:(\d+)\s*(?:values?)?|step\s*{_NUMBER})\s*", re.I
)
EXAMPLES = "0.1, 0.01, 0.001 or 0.001 to 0.1, 5 values or 1 to 9 step 2"


def parse_values(spec: FieldSpec, text: str) -> list[Any]:
    """The values of a number's setting, each once, in the order typed. Lists of numbers are separated by semicolons.

    Raises TrainDeskError, one sentence that names the value, the limit and the remedy.
    """
    if spec.kind == "integers":
        values = [
            tuple(_number(item, spec) for item in part.split(",") if item.strip())
            for part in text.split(";")
            if part.strip()
        ]
    elif found := _RANGE.fullmatch(text):
        values = _range(spec, *found.groups())
    else:
        between = r"[;\s]+" if ";" in text else r"[,\s]+"  # beside semicolons a comma is that of 0,1
        values = [_number(part, spec) for part in re.split(between, text.strip()) if part]
    values = list(dict.fromkeys(values))
    if not values:
        raise TrainDeskError(f"{spec.title} has no values; give some, such as {EXAMPLES}.")
    if len(values) > MOST:
        raise TrainDeskError(f"{spec.title} has {len(values):,} values; at most {MOST} can be tried, so choose fewer.")
    for value in values:
        _check(spec, value)
    return values


def words(spec: FieldSpec, value: Any) -> str:
    """A value in a few letters: 0.001, on, cosine, 256-128."""
    if spec.kind == "boolean":
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return "-".join(map(str, value)) or "none"
    if spec.choices:
        return spec.choices.get(value, str(value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _range(spec: FieldSpec, first: str, last: str, count: str | None, step: str | None) -> list[Any]:
    low, high = float(_number(first, spec, whole=False)), float(_number(last, spec, whole=False))
    if high <= low:
        raise TrainDeskError(f"{spec.title} goes from {low:g} to {high:g}; the second must be larger.")
    if step is not None:
        width = float(_number(step, spec, whole=False))
        if width <= 0 or (high - low) / width > MOST:
            raise TrainDeskError(
                f"{spec.title} has a step of {width:g}; it must be above 0 and lead to at most {MOST} values between "
                f"{low:g} and {high:g}."
            )
        values = [low + index * width for index in range(math.floor((high - low) / width + 1e-9) + 1)]
    else:
        number = int(count or 0)
        if not 2 <= number <= MOST:
            raise TrainDeskError(f"{spec.title} asks for {number} values; it must be from 2 to {MOST}.")
        shares = [index / (number - 1) for index in range(number)]
        if low > 0 and high / low >= WIDE:
            values = [low * (high / low) ** share for share in shares]
        else:
            values = [low + (high - low) * share for share in shares]
    if spec.kind == "integer":
        return [round(value) for value in values]
    return [float(f"{value:.4g}") for value in values]


def _number(text: str, spec: FieldSpec, whole: bool | None = None) -> Any:
    """A number as half of the world writes it: 0.1 or 0,1."""
    text = text.strip()
    whole = spec.kind in ("integer", "integers") if whole is None else whole
    with contextlib.suppress(ValueError):
        value = float(text.replace(",", "."))
        if math.isfinite(value):
            if not whole:
                return value
            if value.is_integer():
                return int(value)
    raise TrainDeskError(
        f"{spec.title} has the value '{text[:40]}'; it must be {spec.allowed()}, such as {_example(spec)}."
    )


def _example(spec: FieldSpec) -> str:
    return words(spec, spec.default)


def _check(spec: FieldSpec, value: Any) -> None:
    members = value if isinstance(value, tuple) else (value,)
    fewest, most = spec.entries
    too_low = any(spec.low is not None and member < spec.low for member in members)
    not_above = any(spec.above is not None and member <= spec.above for member in members)
    too_high = any(spec.high is not None and member > spec.high for member in members)
    if too_low or not_above or too_high or (spec.kind == "integers" and not fewest <= len(members) <= most):
        raise TrainDeskError(f"{spec.title} has the value {words(spec, value)}; it must be {spec.allowed()}.")
