"""Lines of Python as its usual formatters would write them."""

from __future__ import annotations

from typing import Any

WIDEST = 88  # characters of a line


def literal(value: Any) -> str:
    """A plain value as Python writes it; a text in double quotes, unless it holds more of them than of single ones."""
    if isinstance(value, str):
        quote = "'" if value.count('"') > value.count("'") else '"'
        inner = "".join(f"\\{sign}" if sign == quote else sign if sign in "'\"" else repr(sign)[1:-1] for sign in value)
        return f"{quote}{inner}{quote}"
    if isinstance(value, tuple | list):
        inside = ", ".join(map(literal, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside},)" if len(value) == 1 else f"({inside})"
    return repr(value)


def call(before: str, function: str, arguments: list[str], depth: int = 0, after: str = "") -> list[str]:
    """A call in one line; where that is too long its arguments in one, or each in one."""
    blank, inner = "    " * depth, "    " * (depth + 1)
    inside = ", ".join(arguments)
    if len(line := f"{blank}{before}{function}({inside}){after}") <= WIDEST and "\n" not in line:
        return [line]
    if len(line := f"{inner}{inside}") <= WIDEST and "\n" not in line:
        return [f"{blank}{before}{function}(", line, f"{blank}){after}"]
    return [f"{blank}{before}{function}(", *(f"{inner}{each}," for each in arguments), f"{blank}){after}"]
