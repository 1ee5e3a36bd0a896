"""Draws the picture of the house from the imports of its modules: python -m docs.house

A box is a room, an arrow says "imports from" and points down; one that follows from others is left out.
"""

from __future__ import annotations

import math
from functools import cache
from html import escape
from pathlib import Path

from tests.test_dependencies import MODULES, floor, imports, module_name

PICTURE = Path(__file__).parent / "images" / "house.svg"
BASICS = ("core.errors", "core.files", "core.paths")  # one box: nearly all rooms use them
SPLIT = {  # a room of which some stands below what others of it build on
    "core.training": "core.run_config",
    "core.runs": "core.run_config",
    "core.nodes": "core.workers",
}
TITLES = {
    "core.training below": "training: loop, parts, what is chosen",
    "core.training": "training: from a config",
    "core.runs below": "runs: events, metrics",
    "core.nodes below": "nodes: who may join",
    "basics": "errors, files, paths",
    "pages": "pages and dashboard.py",
}
WIDTH, BOX, GAP, MARGIN = 1000, 28, 34, 20  # pixels
LETTER = 7.4  # pixels of one letter
COLOURS = {"pages": "#e3eefb", "core": "#e9f3ea"}


def room(module: str) -> str:
    """The room of a module: its folder, or itself at core's root. A folder that stands on two floors is two."""
    if module in ("core", "core.__main__"):
        return "core.cli"
    if module.startswith(BASICS):
        return "basics"
    if module.startswith("pages") and not module.startswith("pages.components."):
        return "pages"
    name = ".".join(module.split(".")[: 3 if module.startswith("pages.") else 2])
    return f"{name} below" if name in SPLIT and (floor(module) or 0) < (floor(SPLIT[name]) or 0) else name


def arrows() -> dict[str, set[str]]:
    """Every room, and the rooms that its modules import from, lazily too."""
    modules = {module_name(path): path for path in MODULES}
    packages = {name for name, path in modules.items() if path.name == "__init__.py" and not imports(path)}
    found: dict[str, set[str]] = {room(name): set() for name in modules.keys() - packages}
    for name in modules.keys() - packages:
        found[room(name)] |= {room(other) for other in imports(modules[name]) & modules.keys() - packages} - {
            room(name)
        }
    return found


def thinned(direct: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that no way over other rooms says already. Raises RecursionError where rooms go round in a circle."""

    @cache
    def below(name: str) -> set[str]:
        return set().union(*({other} | below(other) for other in direct[name]))

    return {name: used - set().union(*map(below, used)) for name, used in direct.items()}


def rows(direct: dict[str, set[str]]) -> list[list[str]]:
    """Rooms from the top to the bottom: each right below all that use it, beside its neighbours there."""
    users = {name: {other for other, used in direct.items() if name in used} for name in direct}

    @cache
    def depth(name: str) -> int:
        return 1 + max(map(depth, users[name]), default=-1)

    levels = [sorted(name for name in direct if depth(name) == level) for level in range(max(map(depth, direct)) + 1)]
    place: dict[str, float] = {}
    for level in levels:
        level.sort(key=lambda name: math.fsum(place[other] for other in users[name]) / max(len(users[name]), 1))
        place |= {name: (number + 1) / (len(level) + 1) for number, name in enumerate(level)}
    return levels


def title(name: str) -> str:
    return TITLES.get(name, name.removeprefix("pages.components.").removeprefix("core."))


def picture() -> str:
    """The SVG as text."""
    direct = arrows()
    lines, levels = thinned(direct), rows(direct)
    boxes: dict[str, tuple[float, float, float]] = {}  # left, top, width
    for number, level in enumerate(levels):
        widths = [len(title(name)) * LETTER + 22 for name in level]
        space = (WIDTH - 2 * MARGIN - sum(widths)) / (len(level) + 1)
        left = MARGIN + space
        for name, width in zip(level, widths, strict=True):
            boxes[name] = left, MARGIN + number * (BOX + GAP), width
            left += width + space
    height = 2 * MARGIN + len(levels) * (BOX + GAP) - GAP
    drawn = []
    for name, used in sorted(lines.items()):
        left, top, width = boxes[name]
        for other in sorted(used):
            to_left, to_top, to_width = boxes[other]
            x, y, to_x, to_y = left + width / 2, top + BOX, to_left + to_width / 2, to_top - 5
            bend = (to_y - y) / 2
            drawn.append(
                f'<path d="M{x:.0f} {y:.0f} C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y:.0f}"/>'
            )
    for name, (left, top, width) in sorted(boxes.items()):
        colour = COLOURS["pages" if name.startswith("pages") else "core"]
        drawn.append(
            f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{BOX}" rx="6" style="fill:{colour}"/>'
        )
        drawn.append(f'<text x="{left + width / 2:.0f}" y="{top + 19}">{escape(title(name))}</text>')
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
            "<title>The rooms of TrainDesk and who imports from whom</title>",
            '<defs><marker id="tip" viewBox="0 0 6 6" refX="3" refY="3" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0L6 3L0 6z" style="fill:#5d6b78;stroke:none"/></marker></defs>',
            "<style>path{fill:none;stroke:#5d6b78;stroke-width:1;marker-end:url(#tip)}"
            "rect{stroke:#8a97a3}text{text-anchor:middle;fill:#1d2733}</style>",
            f'<rect width="{WIDTH}" height="{height}" rx="10" style="fill:#fdfdfb;stroke:none"/>',
            *drawn,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    print(PICTURE)
