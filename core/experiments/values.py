"""Several values of one setting, as a person types them: "0.1, 0.01, 0.001", "0.001 to 0.1, 5 values", "1,024 to 4,096"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from core.errors import TrainDeskError
from core.experiments.typed import Reading, readings, tokens
from core.settings.settings import FieldSpec
from core.text.lists import listed

MOST = 50  # values of one setting
FEW = 5  # values of a range that says neither their number nor a step
WIDE = 10.0  # a range whose end is this many times its beginning is divided by equal factors instead of equal steps
_END = r"([-+]?[\d.,'’]*\d(?:[eE][-+]?\d+)?)"
_FROM_TO = rf"\s*{_END}\s*(?:to|-|–|\.\.)\s*{_END}"
_RANGES = tuple(
    re.compile(_FROM_TO + rest, re.I)
    for rest in (
        rf"\s*[,;]?\s*step\s*(?P<step>{_END})\s*",
        r"\s*[,;]?\s*(?P<count>\d+)\s*values?\s*",
        r"(?:\s+|\s*[,;]\s+)(?P<count>\d+)\s*",
        r"\s*",
    )
)
EXAMPLES = "0.1, 0.01, 0.001 or 0.001 to 0.1, 5 values or 1 to 9 step 2"


class SeveralReadings(TrainDeskError):
    """A comma can mean two things. `ways`: what each reading gives in words, and a text that means it alone."""

    def __init__(self, spec: FieldSpec, text: str, ways: Sequence[Sequence[Any]], remedy: str = "choose what you mean"):
        self.ways = [(listed([words(spec, value) for value in values]), typed(values)) for values in ways]
        said = ", or as ".join(name for name, _ in self.ways)
        super().__init__(f"{spec.title} has '{text.strip()[:40]}', which can be read as {said}; {remedy}.")


def parse_values(spec: FieldSpec, text: str) -> list[Any]:
    """The values of a number's setting, each once, in the order typed. Lists of numbers are separated by semicolons.

    Raises TrainDeskError, one sentence that names the value, the limit and the remedy; SeveralReadings where a comma may mean
    two things.
    """
    if spec.kind == "integers":
        ways = [[_members(spec, part) for part in text.split(";") if part.strip()]]
    else:
        ways = _sensible(spec, _from_to(spec, text) or _listed(spec, text))
    if len(ways) > 1:
        raise SeveralReadings(spec, text, ways)
    (values,) = ways
    if not values:
        raise TrainDeskError(f"{spec.title} has no values; give some, such as {EXAMPLES}.")
    if len(values) > MOST:
        raise TrainDeskError(f"{spec.title} has {len(values):,} values; at most {MOST} can be tried, so choose fewer.")
    if problem := _problem(spec, values):
        raise TrainDeskError(problem)
    return list(dict.fromkeys(values))


def number_in(spec: FieldSpec, text: str) -> Any:
    """The one number that someone typed, its comma read as in `parse_values`; the text itself where it is none, for the
    settings to find fault with. Raises SeveralReadings."""
    try:
        ways = _sensible(spec, _of_tokens(spec, tokens(text), single=True))
    except TrainDeskError:
        return text.strip()
    if len(ways) > 1:
        raise SeveralReadings(spec, text, ways, "write it without the comma")
    if len(ways[0]) != 1:
        return text.strip()
    (number,) = ways[0]
    return int(number) if number.is_integer() and abs(number) < 1e15 else number  # -7 is told of as it was typed


def words(spec: FieldSpec, value: Any) -> str:
    """A value as people write it: 0.001, 5,000, on, cosine, 256-128."""
    if spec.kind == "boolean":
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return "-".join(map(str, value)) or "none"
    if spec.choices:
        return spec.choices.get(value, str(value))
    if isinstance(value, float):
        return f"{Decimal(_digits(value)):,f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def typed(values: Sequence[Any]) -> str:
    """Values of a number's setting as a text from which `parse_values` reads just these."""
    if any(isinstance(value, tuple | list) for value in values):
        return "; ".join(", ".join(map(str, value)) for value in values)
    return ", ".join(_digits(value) if isinstance(value, float) else str(value) for value in values)


def _listed(spec: FieldSpec, text: str) -> list[tuple[Reading, list[Any]]]:
    return _of_tokens(spec, tokens(text), single=";" in text)


def _of_tokens(spec: FieldSpec, found: list[str], single: bool) -> list[tuple[Reading, list[Any]]]:
    ways = _readings(spec, found, single)
    return [(way, [_as_kind(spec, number) for token in way.numbers for number in token]) for way in ways]


def _from_to(spec: FieldSpec, text: str) -> list[tuple[Reading, list[Any]]]:
    """The readings of a range; none when the text is not one."""
    for pattern in _RANGES:
        if found := pattern.fullmatch(text):
            said = found.groupdict()
            ends = [found[1], found[2], *filter(None, [said.get("step")])]
            count = int(said["count"]) if said.get("count") else None
            return [
                (way, _range(spec, count, *(token[0] for token in way.numbers)))
                for way in _readings(spec, tokens("; ".join(ends)), single=True)
            ]
    return []


def _readings(spec: FieldSpec, found: list[str], single: bool) -> list[Reading]:
    try:
        return readings(found, spec.kind != "number", single)
    except ValueError as error:
        raise _not_a_number(spec, str(error)) from None


def _sensible(spec: FieldSpec, ways: list[tuple[Reading, list[Any]]]) -> list[list[Any]]:
    """The readings that a person may have meant. No value is named twice, and thousands are seldom beyond what is allowed.

    Between 0.5 and the list of 0 and 5 the limits do not choose: guessed wrong, it would not be noticed.
    """
    if len(ways) > 1:
        ways = [way for way in ways if len(set(way[1])) == len(way[1])] or ways
    allowed = [way for way in ways if not _problem(spec, way[1])]
    if len(ways) > 1 and (not allowed or any(reading.sign == "thousands" for reading, _ in ways)):
        ways = allowed or ways[:1]
    return [values for _, values in ways]


def _members(spec: FieldSpec, text: str) -> tuple[int, ...]:
    """One list of numbers: a comma separates them, but in 1,024."""
    way = _readings(spec, tokens(text), single=False)[-1]  # "between", where that is possible
    return tuple(_as_kind(spec, number) for token in way.numbers for number in token)


def _range(spec: FieldSpec, count: int | None, low: float, high: float, step: float | None = None) -> list[Any]:
    if high <= low:
        raise TrainDeskError(f"{spec.title} goes from {_digits(low)} to {_digits(high)}; the second must be larger.")
    if _problem(spec, [low, high]):
        return [low, high]  # for that sentence
    if step is not None:
        if step <= 0 or (high - low) / step > MOST:
            raise TrainDeskError(
                f"{spec.title} has a step of {_digits(step)}; it must be above 0 and lead to at most {MOST} values between "
                f"{_digits(low)} and {_digits(high)}."
            )
        values = [low + index * step for index in range(math.floor((high - low) / step + 1e-9) + 1)]
    else:
        if count is not None and not 2 <= count <= MOST:
            raise TrainDeskError(f"{spec.title} asks for {count} values; it must be from 2 to {MOST}.")
        values = _between(low, high, count or _natural_count(spec, low, high))
    return list(dict.fromkeys(round(value) if spec.kind == "integer" else float(f"{value:.4g}") for value in values))


def _natural_count(spec: FieldSpec, low: float, high: float) -> int:
    """Tenfold or doubled values where the ends are so far apart, every whole number of a few, else some."""
    if low > 0:
        for factor in (10, 2):
            steps = math.log(high / low, factor)
            if abs(steps - round(steps)) < 1e-9 and (factor == 10 or (spec.kind == "integer" and low >= 8)):
                return min(MOST, round(steps) + 1)
    if spec.kind == "integer" and high - low < 10:
        return round(high - low) + 1
    return FEW


def _between(low: float, high: float, count: int) -> list[float]:
    shares = [index / (count - 1) for index in range(count)]
    doubled = low > 0 and count > 2 and abs((high / low) - 2 ** (count - 1)) < 1e-9
    if low > 0 and (high / low >= WIDE or doubled):
        return [low * (high / low) ** share for share in shares]
    return [low + (high - low) * share for share in shares]


def _as_kind(spec: FieldSpec, number: float) -> Any:
    if spec.kind == "number":
        return number
    if not number.is_integer():
        raise _not_a_number(spec, _digits(number))
    return int(number)


def _not_a_number(spec: FieldSpec, text: str) -> TrainDeskError:
    remedy = "separate several by semicolons" if re.search(r"\d,\d", text) else f"such as {words(spec, spec.default)}"
    return TrainDeskError(f"{spec.title} has the value '{text[:40]}'; it must be {spec.allowed()}, {remedy}.")


def _digits(number: float) -> str:
    """0.00001 and 1000000, where Python would write 1e-05 and 1e+06."""
    return format(Decimal(f"{number:.6g}"), "f")


def _problem(spec: FieldSpec, values: Sequence[Any]) -> str | None:
    """The sentence about the first value that is not allowed."""
    for value in values:
        members = value if isinstance(value, tuple) else (value,)
        fewest, most = spec.entries
        too_low = any(spec.low is not None and member < spec.low for member in members)
        not_above = any(spec.above is not None and member <= spec.above for member in members)
        too_high = any(spec.high is not None and member > spec.high for member in members)
        if too_low or not_above or too_high or (spec.kind == "integers" and not fewest <= len(members) <= most):
            return f"{spec.title} has the value {words(spec, value)}; it must be {spec.allowed()}."
    return None
