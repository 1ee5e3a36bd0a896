"""SECURITY.md keeps its word: behind each of its lines stands a test that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| Threat", "| ---"))
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_test_stands_behind_each_line(row):
    [found] = re.findall(r"`([\w/]+\.py)::(\w+)`", row[-1])
    tree = ast.parse((ROOT / found[0]).read_text(encoding="utf-8"))
    assert found[1] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_is_a_line_for_each_threat():
    assert len(ROWS) >= 30 and len({row[0] for row in ROWS}) == len(ROWS)
