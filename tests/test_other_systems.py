"""What Windows and macOS need of the source: files are replaced and removed in one place, and texts say how they are written."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for place in ("core", "pages", "benchmarks", "docs", "home.py", "dashboard.py", "share.py")
    for path in ((ROOT / place).rglob("*.py") if (ROOT / place).is_dir() else [ROOT / place])
)
FILES = ROOT / "core" / "files.py"
MOVING = {"unlink", "rmtree", "rmdir", "removedirs", "renames"}  # of `os`, `shutil` and paths
OF_MODULES = {"os": {"replace", "rename", "remove"}, "shutil": {"move"}}
PATHS = ("path", "file", "mark", "log", "place", "event_log", "learning_rate_request")  # `open` of these opens a file


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls_of(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_are_replaced_moved_and_removed_by_the_helpers_alone(path):
    """Windows refuses all of that while anyone has the file open; `core.files` waits."""
    if path == FILES:
        return
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            of = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr in MOVING or node.attr in OF_MODULES.get(of, ()):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.keywords:
            of_path = node.func.attr in ("replace", "rename") and len(node.args) == 1
            if of_path and not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("dataclasses", "os")):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
    assert not found, (
        f"{name_of(path)} has {found}; use remove_file, remove_folder, replace_file, move_folder of core.files"
    )


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_text_file_says_its_encoding(path):
    """Elsewhere it is the system's: cp1252 on Windows."""
    found = [f"{call.lineno}: {ast.unparse(call)}" for call in calls_of(path) if is_text_without_encoding(call)]
    assert not found, f"{name_of(path)} has {found}; say encoding='utf-8'"


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
