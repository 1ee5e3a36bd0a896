"""What people read, in pages, errors, help texts and on the command line: validation has its name, percentages one sign."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    [
        *(
            path for path in (ROOT / "core").rglob("*.py") if path.parts[-2:] != ("script", "loop.py")
        ),  # it writes Python, as Python does
        *(ROOT / "pages").rglob("*.py"),
        *(ROOT / name for name in ("share.py", "dashboard.py", "home.py", "core/glossary.toml")),
    ]
)
HOLE = "\x00"  # in place of what a formatted string fills in

FORBIDDEN = {
    "say validation": re.compile(
        r"(?<!train, )(?<![\"'/._-])\bval\b(?![/_.\"'=])", re.IGNORECASE
    ),  # folders are called so
    "a percentage has its own space: core.text.numbers": re.compile(rf"[\d{HOLE}] ?%(?!\w|[({{])"),
    "a teacher would say it otherwise": re.compile(r"as often right as it says|calls a \d"),
}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Line and content of the strings in a module that are sentences or labels, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    quiet: set[ast.AST] = set()  # docstrings, parts of formatted strings
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            quiet.add(node.value)
        if isinstance(node, ast.JoinedStr):
            quiet |= {part for part in node.values if isinstance(part, ast.Constant)}
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            quiet |= set(ast.walk(node.format_spec))
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and node.format_spec and "%" in ast.unparse(node.format_spec):
            yield node.lineno, f"a number {HOLE}%"
        if node in quiet:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
            yield node.lineno, "".join(str(part) for part in parts)


def test_what_people_read_is_in_plain_words():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {why}: {text[:100]!r}"
        for path in MODULES
        for line, text in (texts(path) if path.suffix == ".py" else enumerate(path.read_text("utf-8").splitlines(), 1))
        for why, pattern in FORBIDDEN.items()
        if pattern.search(without_code(text))
    ]
    assert found == []


def without_code(text: str) -> str:
    """The text without HTML tags; nothing of what is no prose: single words, which are keys, and style sheets."""
    if "{" in text and ";" in text or not re.search(r"\s", text.strip()):
        return ""
    return re.sub(r"<[^>]*>", "", text)


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ("of the val digits", False),
        ("of the validation digits", True),
        ("folders train, val and test", True),
        ("val/accuracy of it", True),
        ("98.9% right", False),
        ("98.9 % right", False),
        ("98.9\u202f% right", True),
        (f"{HOLE}% right", False),
        ('<i style="width:50%"></i> done', True),
        ("%{y:.1f} right", True),
    ],
)
def test_the_rules_find_what_they_are_for(text, is_fine):
    assert any(pattern.search(without_code(text)) for pattern in FORBIDDEN.values()) != is_fine


def test_every_page_that_is_written_says_its_language():
    """Streamlit's own pages say theirs; these are the gate, what is exported, and sheets."""
    files = [
        path
        for room in ("core", "pages")
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".py", ".html", ".js")
    ]
    pages = {path.name: path.read_text(encoding="utf-8").split("<html")[1:] for path in files}
    written = {name: parts for name, parts in pages.items() if parts}
    assert {"gate.html", "page.html", "printed.html"} <= set(written)
    assert [name for name, parts in written.items() if not all(part.startswith(' lang="en"') for part in parts)] == []
