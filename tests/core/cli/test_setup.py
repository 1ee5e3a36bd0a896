"""What `python -m core setup` would run, on each system, and what comes before a command where nothing is installed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli import setup
from core.machine import posix
from tests.helpers import assert_one_sentence


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A program that was never set up, and which commands would set it up."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text((setup.HOME / name).read_text())
    monkeypatch.setattr(setup, "HOME", tmp_path)
    return tmp_path


@pytest.fixture
def called(monkeypatch, home):
    """Notes what is run in place of it; the command that makes the environment makes its folder."""
    noted = []

    def call(command, cwd):
        assert cwd == home
        noted.append(command)
        (home / ".venv").mkdir(exist_ok=True)
        return 0

    monkeypatch.setattr(setup.subprocess, "call", call)
    return noted


PIP = ["-m", "pip", "install"]


def test_it_makes_an_environment_and_installs_what_is_required(home, called):
    assert setup.set_up([]) == 0
    assert called[0] == [sys.executable, "-m", "venv", ".venv"]
    assert [command[1:] for command in called[1:]] == [[*PIP, "-r", "requirements.txt"]]
    assert all(command[0].startswith(str(home / ".venv")) for command in called[1:])
    assert setup.is_set_up() and not (home / ".venv" / "installed-dev").exists()


def test_pytorch_of_a_kind_comes_first_from_its_own_place(home, called):
    assert setup.set_up(["--torch", "cpu", "--dev"]) == 0
    index = ["--index-url", "https://download.pytorch.org/whl/cpu"]
    assert called[1][1:6] == [*PIP, *index]
    assert [word.partition(">")[0] for word in called[1][6:]] == ["torch", "torchvision"], (
        "as requirements.txt wants them"
    )
    assert called[2][1:] == [*PIP, "-r", "requirements-dev.txt"]
    assert (home / ".venv" / "installed").exists() and (home / ".venv" / "installed-dev").exists()


def test_an_environment_that_is_there_is_kept(home, called):
    python = setup.python_of(home)
    python.parent.mkdir(parents=True)
    python.touch()
    assert setup.set_up([]) == 0
    assert [command[1:4] for command in called] == [PIP]


def test_on_windows_programs_lie_elsewhere(home, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert setup.python_of(home) == home / ".venv" / "Scripts" / "python.exe"


def test_what_fails_is_said_and_nothing_counts_as_installed(home, monkeypatch, capsys):
    (home / ".venv").mkdir()
    monkeypatch.setattr(setup.subprocess, "call", lambda command, cwd: 3)
    assert setup.set_up([]) == 3
    assert "exit status 3" in capsys.readouterr().err and not setup.is_set_up()


def test_a_python_that_is_too_old_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 2))
    assert setup.begin(["run"]) == 1
    assert_one_sentence(capsys.readouterr().err.strip(), "3.11", "3.10", "py -3.12")


@pytest.mark.parametrize("module", [setup, posix], ids=["setup", "posix"])
def test_an_old_python_can_read_it_and_needs_nothing_installed(module):
    source = Path(module.__file__).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
    program = f"import sys; sys.path.insert(0, {str(Path(setup.__file__).parents[2])!r}); import {module.__name__}"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", program]).returncode == 0


def test_where_everything_is_installed_a_command_runs_at_once():
    assert setup.begin(["recipes"]) is None


@pytest.fixture
def bare(monkeypatch, home):
    """A Python without packages; gives what it goes on as."""
    went_on = []
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(setup, "run_in_place", lambda command: went_on.append(command) or 5)
    return went_on


@pytest.mark.parametrize("command", ["run", "share"])
def test_the_dashboard_is_set_up_before_it_opens_for_the_first_time(command, bare, called, home):
    assert setup.begin([command, "--port", "8600"]) == 5
    assert len(called) == 2 and bare == [[str(setup.python_of(home)), "-m", "core", command, "--port", "8600"]]
    assert setup.begin([command]) == 5 and len(called) == 2, "it is set up"


def test_another_command_says_what_is_missing_and_goes_on_where_it_was_installed(bare, called, home, capsys):
    assert setup.begin(["recipes"]) == 1 and not called
    assert "python -m core setup" in capsys.readouterr().err
    setup.set_up([])
    assert setup.begin(["recipes"]) == 5 and bare[0][1:] == ["-m", "core", "recipes"]


def test_an_environment_that_lacks_a_package_does_not_begin_itself_for_ever(bare, called, home, monkeypatch, capsys):
    setup.set_up([])
    monkeypatch.setattr(sys, "prefix", str(home / ".venv"))
    assert setup.begin(["run"]) == 1 and bare == []
    assert "python -m core setup" in capsys.readouterr().err
