"""Sets up the program in `.venv` beside it: `python -m core setup`, or by itself before the dashboard opens for the first time.

All of it runs before anything is installed, so it imports nothing of ours but what needs nothing, and a Python that is too
old can read it.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

from core.machine.posix import run_in_place

HOME = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)  # Python
OPENS = ("run", "share")  # commands that set up what is missing
NEEDED = ("streamlit", "torch", "psutil")  # is everything installed if these are
WHEELS = "https://download.pytorch.org/whl/"  # PyTorch's own packages, one folder for each kind of computer


def begin(arguments: list[str]) -> int | None:
    """What comes before a command: the exit status if that was all, None where the command itself can run in this process."""
    if sys.version_info < OLDEST:
        print(
            f"TrainDesk needs Python {OLDEST[0]}.{OLDEST[1]} or later, and this is {sys.version_info[0]}.{sys.version_info[1]}; "
            "say which with make run PYTHON=python3.12, on Windows with py -3.12 -m core run.",
            file=sys.stderr,
        )
        return 1
    if arguments[:1] == ["setup"]:
        return set_up(arguments[1:])
    if all(importlib.util.find_spec(name) for name in NEEDED):
        return None
    if arguments[:1] and arguments[0] in OPENS and not is_set_up() and (status := set_up([])):
        return status
    if not is_set_up() or Path(sys.prefix).resolve() == (HOME / ".venv").resolve():
        print("TrainDesk is not set up here; do so with: python -m core setup", file=sys.stderr)
        return 1
    return run_in_place([str(python_of(HOME)), "-m", "core", *arguments])


def set_up(arguments: list[str]) -> int:
    """Makes `.venv` and installs everything into it. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m core setup", description="Installs TrainDesk into .venv beside it."
    )
    parser.add_argument(
        "--torch",
        default="",
        metavar="KIND",
        help=f"PyTorch's own packages of a kind, a folder of {WHEELS}: cpu (about 1 GB instead of 6 on Linux), or one for a GPU "
        "on Windows, such as cu130 (default: the usual ones)",
    )
    parser.add_argument("--dev", action="store_true", help="also what the tests need")
    options = parser.parse_args(arguments)
    for command in commands(options.torch, options.dev):
        print("+", *command, flush=True)
        if status := subprocess.call(command, cwd=HOME):
            print(
                f"Setting up ended with exit status {status}; its lines above say why. Run it again when that is mended.",
                file=sys.stderr,
            )
            return status
    for name in ("installed", "installed-dev") if options.dev else ("installed",):
        (HOME / ".venv" / name).touch()
    return 0


def commands(kind: str = "", dev: bool = False) -> list[list[str]]:
    """What is run, in order."""
    found, pip = [], [str(python_of(HOME)), "-m", "pip", "install"]
    if not python_of(HOME).exists():
        found.append([sys.executable, "-m", "venv", ".venv"])
    if kind:
        lines = (HOME / "requirements.txt").read_text(encoding="utf-8").split()
        found.append([*pip, "--index-url", WHEELS + kind, *(line for line in lines if line.startswith("torch"))])
    found.append([*pip, "-r", "requirements-dev.txt" if dev else "requirements.txt"])
    return found


def python_of(folder: Path) -> Path:
    """The Python of a program's `.venv`, there or not yet."""
    return folder / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def is_set_up() -> bool:
    """Whether everything was installed in `.venv`."""
    return (HOME / ".venv" / "installed").is_file()
