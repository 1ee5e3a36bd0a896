"""The promise of one file: an architecture is added by adding its file, and nothing else is edited."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# the very code that CONTRIBUTING.md shows
NEW_FILE, *_ = re.findall(
    r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.DOTALL
)

FORM_AND_VALIDATION = """
from core.architectures import ARCHITECTURES
from core.run_config import RunConfig, fields
from core.settings.settings import SettingsError, fields_of

assert "linear" in ARCHITECTURES.names()
(field,) = fields_of(ARCHITECTURES.get("linear"))
assert (field.title, field.kind, field.low, field.high) == ("Dropout", "number", 0, 0.9)
assert "architecture.dropout" in fields({"architecture": "linear"})
try:
    RunConfig.from_dict({"architecture": {"name": "linear", "dropout": 1}})
except SettingsError as error:
    assert str(error) == "Dropout is 1; it must be a number from 0 to 0.9.", error
else:
    raise AssertionError("not checked")
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    shutil.copytree(ROOT / "core", folder / "core", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/conftest.py", "tests/helpers.py", "tests/core/registries/test_every_architecture.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "core" / "architectures" / "linear.py").write_text(NEW_FILE)
    return folder


def run(copy, *arguments):
    environment = {**os.environ, "TRAINDESK_RUNS": str(copy / "runs"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, *arguments]
    result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result.stdout


def test_it_is_in_the_form_and_in_the_validation(copy):
    run(copy, "-c", FORM_AND_VALIDATION)


def test_it_trains_from_the_command_line_and_classifies(copy):
    choice = ["architecture=linear", "dropout=0.2", "dataset=digits", "epochs=1", "device=cpu"]
    assert '"status": "finished"' in run(copy, "-m", "core", "train", "--recipe", "digits", "--set", *choice, "--json")


def test_it_is_checked_by_the_tests_of_every_architecture(copy):
    tests = "tests/core/registries/test_every_architecture.py"
    output = run(copy, "-m", "pytest", tests, "-k", "linear", "-p", "no:cacheprovider")
    assert "passed" in output and "failed" not in output and "no tests ran" not in output
