"""What Windows and macOS need of the source: files are replaced and removed in one place, and texts say how they are written."""

import ast
import functools
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for place in ("core", "pages", "benchmarks", "docs", "home.py", "dashboard.py", "share.py")
    for path in ((ROOT / place).rglob("*.py") if (ROOT / place).is_dir() else [ROOT / place])
)
MOVING = {"unlink", "rmtree", "rmdir", "removedirs", "renames"}  # of `os`, `shutil` and paths
OF_MODULES = {"os": {"replace", "rename", "remove"}, "shutil": {"move"}}
PATHS = ("path", "file", "mark", "log", "place", "event_log", "learning_rate_request")  # `open` of these opens a file


@functools.cache
def trees() -> dict[str, ast.Module]:
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def found_by(rule: Callable[[ast.AST], bool]) -> list[str]:
    """Where the sources have what a rule is for: "core/files.py:12: os.replace(a, b)"."""
    return [
        f"{name}:{node.lineno}: {ast.unparse(node)}"
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if rule(node)
    ]


def test_files_are_replaced_moved_and_removed_by_the_helpers_alone():
    """Windows refuses all of that while anyone has the file open; `core.files` waits."""
    found = [each for each in found_by(replaces_moves_or_removes) if not each.startswith("core/files.py:")]
    assert not found, f"use remove_file, remove_folder, replace_file, move_folder of core.files: {found}"


def replaces_moves_or_removes(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        of = node.value.id if isinstance(node.value, ast.Name) else ""
        return node.attr in MOVING or node.attr in OF_MODULES.get(of, ())
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.keywords:
        return False
    of_path = node.func.attr in ("replace", "rename") and len(node.args) == 1
    return of_path and not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("dataclasses", "os"))


def test_every_text_file_says_its_encoding():
    """Elsewhere it is the system's: cp1252 on Windows."""
    found = found_by(lambda node: isinstance(node, ast.Call) and is_text_without_encoding(node))
    assert not found, f"say encoding='utf-8': {found}"


def is_text_without_encoding(call: ast.Call) -> bool:
    if any(keyword.arg in ("encoding", None) for keyword in call.keywords):
        return False
    if isinstance(call.func, ast.Name):
        return call.func.id == "open" and is_text_mode(call, 1)
    if not isinstance(call.func, ast.Attribute):
        return False
    of, name = ast.unparse(call.func.value), call.func.attr
    if name in ("run", "Popen", "check_output") and of == "subprocess":
        return any(word.arg in ("text", "universal_newlines") for word in call.keywords)
    if name == "read_text" and not call.args:
        return True
    if name == "write_text" and len(call.args) < 2:
        return True
    if name == "fdopen":
        return is_text_mode(call, 1)
    if name != "open":
        return False
    if of in ("gzip", "lzma", "bz2", "io"):
        return is_text_mode(call, 1, of == "io")
    is_path = not call.args or is_mode(call.args[0])
    return (
        of != "os"
        and is_path
        and bool(call.args or call.keywords or of.split(".")[-1] in PATHS)
        and is_text_mode(call, 0)
    )


def is_mode(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and set(value.value) <= set("rwxabt+")


def is_text_mode(call: ast.Call, place: int, usually: bool = True) -> bool:
    """Whether the mode at this place of the arguments is one for text; `usually` says what none means."""
    modes = [word.value for word in call.keywords if word.arg == "mode"] or call.args[place : place + 1]
    if not modes or not is_mode(modes[0]):
        return usually and not modes
    return "b" not in modes[0].value


@pytest.mark.parametrize(
    "source",
    ["open(a)", "open(a, 'w')", "path.open()", "run.log.open('a')", "path.read_text()", "path.write_text(a)"]
    + ["subprocess.run(a, text=True)", "os.fdopen(a, 'w')", "path.open(mode='x')"],
)
def test_a_text_without_its_encoding_is_seen(source):
    assert is_text_without_encoding(ast.parse(source, mode="eval").body)


@pytest.mark.parametrize(
    "source",
    ["open(a, 'rb')", "open(a, encoding='ascii')", "path.open('xb')", "gzip.open(a)", "Image.open(path)", "opened(a)"]
    + ["archive.open(name)", "path.read_text(encoding='utf-8')", "subprocess.run(a)", "os.open(a, b)"],
)
def test_bytes_need_none(source):
    assert not is_text_without_encoding(ast.parse(source, mode="eval").body)
