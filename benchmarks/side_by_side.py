"""Runs variants in a process each, in turn, round after round, so that a busy machine slows all of them alike.

A variant's process prints one line when it is ready, then answers every line on its standard input with a number: how
much it got done per second in one round.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def serve(round_of: Callable[[], float]) -> None:
    """The variant's side: one round for warming up, then one for each line on standard input."""
    round_of()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(round_of(), flush=True)


def measure(
    commands: dict[str, list[str]], rounds: int, environments: dict[str, dict[str, str]]
) -> dict[str, list[float]]:
    """Rates of every variant, one for each round. Raises RuntimeError when a variant dies."""
    processes: dict[str, subprocess.Popen] = {}
    rates: dict[str, list[float]] = {name: [] for name in commands}
    try:
        for name, command in commands.items():  # one after another, so that they do not warm up all at once
            processes[name] = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                cwd=ROOT,
                env={**os.environ, **environments.get(name, {})},
            )
            _answer(name, processes[name])
        for _ in range(rounds):
            for name, process in processes.items():
                process.stdin.write("go\n")
                process.stdin.flush()
                rates[name].append(float(_answer(name, process)))
    finally:
        for process in processes.values():
            process.stdin.close()
            process.kill()
            process.wait()
    return rates


def ratio(rates: list[float], base: list[float]) -> str:
    """min / median / max of the ratios of the same rounds."""
    ratios = [rate / other for rate, other in zip(rates, base, strict=True)]
    return f"{min(ratios):.2f} / **{statistics.median(ratios):.2f}** / {max(ratios):.2f}"


def _answer(name: str, process: subprocess.Popen) -> str:
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the variant '{name}' ended with status {process.wait()}")
    return line
