"""The command line as a program of its own."""

import os
import subprocess
import sys

from core.paths import HOME
from tests.helpers import assert_one_sentence, document

FAST = ["dataset=digits", "epochs=2", "device=cpu", "architecture=mlp", "hidden=16"]
TELLING = """
import gc, sys
freeze = gc.freeze
def told():
    if "torch" in sys.modules:
        print("torch is no garbage", file=sys.stderr)
    freeze()
gc.freeze = told
"""


def program(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=HOME,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_the_program_trains_a_network_that_classifies(runs_folder, tmp_path, pictures, call):
    """Without importing what compiles networks, nor scikit-learn for its digits: each takes a second; and nothing twice, although
    it starts anew in the environment of a worker."""
    (tmp_path / "sitecustomize.py").write_text(TELLING)
    settings = ("--recipe", "digits", "--set", *FAST, "--json")
    places = {"TRAINDESK_DATA": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    trained = program("train", *settings, **places, PYTHONPROFILEIMPORTTIME="1")
    lines = trained.stderr.splitlines()
    said = [line for line in lines if not line.startswith("import time:")]
    imported = [line.rpartition("|")[2].strip() for line in lines if line not in said]
    assert "torch" in imported and not {"torch._dynamo", "sympy", "sklearn"} & {*imported}
    assert imported.count("core.cli.main") == imported.count("pydantic") == 1
    assert said.count("torch is no garbage") == 2, "after the imports and at the end"
    result = document(trained.stdout)
    assert trained.returncode == 0 and result["status"] == "finished"
    assert said and "Traceback" not in trained.stderr
    status, classified, _ = call("classify", result["run"], *pictures, "--json")
    assert status == 0 and len(document(classified)) == 3


def test_the_program_exits_with_2_on_wrong_input(runs_folder):
    result = program("train", "--recipe", "vgg", "--json")
    assert result.returncode == 2
    assert set(document(result.stdout)) == {"error"}
    assert_one_sentence(result.stderr.strip())


def test_a_letter_that_the_systems_encoding_lacks_ends_no_command(tmp_path):
    command = [sys.executable, "-m", "core", "runs", "--runs", str(tmp_path / "数字")]
    said = subprocess.run(
        command, cwd=HOME, env={**os.environ, "PYTHONIOENCODING": "cp1252"}, capture_output=True, timeout=240
    )
    assert said.returncode == 0 and "数字" in said.stdout.decode("utf-8"), said.stderr
