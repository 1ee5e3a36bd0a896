"""The promise of one file: the dataset that the base class shows is added by adding its file, and trains."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from core.datasets._base import DatasetSettings

ROOT = Path(__file__).resolve().parents[3]
[NEW_FILE] = re.findall(r"```python\n(.*?)```", DatasetSettings.__doc__, flags=re.DOTALL)

PREPARES = """
from PIL import Image
from core.datasets import DATASETS

squares = DATASETS.parse("squares")
assert squares.is_present(None) and squares.title() == "Squares" and not squares.problem()
assert squares.shared_out(None, 0.25, 0).counts.sum() == 100
assert squares.prepare(Image.new("RGB", (30, 20), "white")).shape == squares.info().shape
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    shutil.copytree(ROOT / "core", folder / "core", ignore=shutil.ignore_patterns("__pycache__"))
    every = Path("tests/core/registries/test_every_dataset.py")
    (folder / every).parent.mkdir(parents=True)
    shutil.copy(ROOT / every, folder / every)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "core" / "datasets" / "squares.py").write_text(textwrap.dedent(NEW_FILE))
    return folder


def run(copy, *arguments):
    environment = {**os.environ, "TRAINDESK_RUNS": str(copy / "runs"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    result = subprocess.run([sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result.stdout


def test_what_the_base_class_knows_of_it_is_true(copy):
    run(copy, "-c", PREPARES)


def test_it_is_checked_by_the_tests_of_every_dataset(copy):
    output = run(copy, "-m", "pytest", "tests", "-k", "squares", "-p", "no:cacheprovider")
    assert "passed" in output and "failed" not in output


def test_it_trains_from_the_command_line(copy):
    choice = ["dataset=squares", "architecture=mlp", "epochs=4", "device=cpu", "batch_size=8"]
    said = json.loads(run(copy, "-m", "core", "train", "--recipe", "digits", "--set", *choice, "--json"))
    assert said["status"] == "finished" and said["test/accuracy"] > 0.9, said
