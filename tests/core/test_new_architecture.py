"""The promise of one file: an architecture is added by adding its file, and nothing else is edited."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

NEW_FILE = '''
"""Strip: one wide convolution and an average."""

from typing import ClassVar, Literal

from core.architectures._base import ARCHITECTURES, ArchitectureSettings
from core.settings import setting


@ARCHITECTURES.register
class Strip(ArchitectureSettings):
    """One convolution, averaged over the picture."""

    label: ClassVar[str] = "Strip"
    name: Literal["strip"] = "strip"
    filters: int = setting(24, "Filters", "How many patterns it looks for.", ge=1, le=256)

    def build(self, shape, classes):
        from torch import nn

        layers = [nn.Conv2d(shape[0], self.filters, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        return nn.Sequential(*layers, nn.Linear(self.filters, classes))
'''

FORM_AND_VALIDATION = """
from core.architectures import ARCHITECTURES
from core.config import RunConfig
from core.overrides import settings_by_path
from core.settings import SettingsError, fields_of

assert "strip" in ARCHITECTURES.names()
(field,) = fields_of(ARCHITECTURES.get("strip"))
assert (field.title, field.kind, field.low, field.high) == ("Filters", "integer", 1, 256)
assert "architecture.filters" in settings_by_path({"architecture": "strip"})
try:
    RunConfig.from_dict({"architecture": {"name": "strip", "filters": 0}})
except SettingsError as error:
    assert str(error) == "Filters is 0; it must be a whole number from 1 to 256.", error
else:
    raise AssertionError("not checked")
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    shutil.copytree(ROOT / "core", folder / "core", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/conftest.py", "tests/helpers.py", "tests/core/architectures/test_every_architecture.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "core" / "architectures" / "strip.py").write_text(NEW_FILE)
    return folder


def run(copy, *arguments):
    environment = {**os.environ, "TRAINDESK_RUNS": str(copy / "runs"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, *arguments]
    result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result.stdout


def test_it_is_in_the_form_and_in_the_validation(copy):
    run(copy, "-c", FORM_AND_VALIDATION)


def test_it_trains_from_the_command_line_and_classifies(copy):
    choice = ["architecture=strip", "filters=8", "epochs=1", "shortest_epoch=0", "device=cpu"]
    assert '"status": "finished"' in run(copy, "-m", "core", "train", "--recipe", "digits", "--set", *choice, "--json")


def test_it_is_checked_by_the_tests_of_every_architecture(copy):
    tests = "tests/core/architectures/test_every_architecture.py"
    output = run(copy, "-m", "pytest", tests, "-k", "strip", "-p", "no:cacheprovider")
    assert "passed" in output and "failed" not in output and "no tests ran" not in output
