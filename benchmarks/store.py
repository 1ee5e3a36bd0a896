"""How quickly a thousand runs are listed, and one run of a million events opened and followed.

    python -m benchmarks.store [--runs 1000] [--events 10000] [--rounds 5]

Cold: a fresh Python process that has imported the module. Warm: asked again by the same process. Nothing of it fits the
processor's caches, all of it those of the disk.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.dashboard import step_event
from core.paths import HOME
from core.recipes import find_recipe
from core.runs.events import EventWriter
from core.runs.example import hide
from core.runs.history import History
from core.runs.index import Index
from core.runs.store import Run, create_run
from core.runs.workspace import NAME

COLD = """
import pathlib, sys, time
from core.runs.index import Index
start = time.perf_counter()
found = Index(pathlib.Path(sys.argv[1])).summaries()
print(time.perf_counter() - start, len(found))
"""
OPEN = """
import pathlib, sys, time
from core.runs.history import History
from core.runs.store import Run
start = time.perf_counter()
found = History(Run(pathlib.Path(sys.argv[1]))).update()
print(time.perf_counter() - start, len(found.curve))
"""
EPOCHS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--events", type=int, default=10_000, help="of each run")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| what | milliseconds (min / median / max) |")
    print("| --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        _make_runs(runs, options.runs, options.events)
        hide(runs)  # the example is not among those that were made
        time.sleep(3)  # younger folders count as still changing
        count = f"{options.runs:,} runs of {options.events:,} events"
        start = time.perf_counter()
        Index(runs).summaries()
        _row(f"{count}: index made from nothing", [time.perf_counter() - start])
        _row(f"{count}: list, cold", [_fresh(COLD, runs, options.runs) for _ in range(options.rounds)])
        index = Index(runs)
        index.summaries()
        _row(f"{count}: list, warm", [_timed(index.summaries) for _ in range(options.rounds * 4)])
        large = _run_of(Path(folder) / "large", 1_000_000)
        _row(
            "opening a run of 1,000,000 events, cold", [_fresh(OPEN, large.folder, None) for _ in range(options.rounds)]
        )
        _follow(large)
    print(f"\nIndex: {NAME}/index.json in the runs folder.")


def _follow(run: Run) -> None:
    """A reader that is up to date, and new events."""
    history = History(run).update()
    with_writer = EventWriter(run.event_log)
    values = {name: value for name, value in step_event(1_000_001, 1_000_001).items() if name not in ("event", "time")}
    appended, one, hundred = [], [], []
    for _ in range(200):
        appended.append(_timed(lambda: with_writer.write("step", **values)))
        one.append(_timed(history.update))
    for _ in range(20):
        for _ in range(100):
            with_writer.write("step", **values)
        hundred.append(_timed(history.update))
    with_writer.close()
    _row("reading 1 new event of it", one)
    _row("reading 100 new events of it", hundred)
    _row("appending an event", appended)


def _make_runs(runs: Path, count: int, events: int) -> None:
    """All with the same log: what differs is where it lies."""
    first = _run_of(runs, events)
    log, best = first.event_log.read_bytes(), b"x" * 1000
    for run in [first, *(create_run(first.config(), runs) for _ in range(count - 1))]:
        run.event_log.write_bytes(log)
        run.best.write_bytes(best)


def _run_of(folder: Path, events: int) -> Run:
    """A finished run whose log has so many events."""
    run = create_run(find_recipe("mlp").config(), folder)
    steps = events - EPOCHS - 2
    lines = [
        {"event": "started", "time": 1.0, "total_steps": steps, "steps_per_epoch": steps // EPOCHS, "epochs": EPOCHS}
    ]
    for step in range(1, steps + 1):
        lines.append(step_event(step, steps))
        if step % (steps // EPOCHS) == 0 and len(lines) < events - 1:
            epoch = step // (steps // EPOCHS)
            scores = {"train/loss": 0.1, "train/accuracy": 0.9, "val/loss": 0.1, "val/accuracy": 0.9 + epoch / 1000}
            lines.append({"event": "epoch", "time": time.time(), "epoch": epoch, "step": step, "best": True, **scores})
    lines.append({"event": "finished", "time": time.time(), "message": "Done."})
    with run.event_log.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    return run


def _fresh(program: str, folder: Path, expected: int | None) -> float:
    answer = subprocess.run(
        [sys.executable, "-c", program, str(folder)], cwd=HOME, capture_output=True, encoding="utf-8", check=True
    ).stdout.split()
    assert expected in (None, int(answer[1]))
    return float(answer[0])


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _row(what: str, seconds: list[float]) -> None:
    low, middle, high = (f"{value * 1e3:,.3g}" for value in (min(seconds), statistics.median(seconds), max(seconds)))
    print(f"| {what} | {low} / **{middle}** / {high} |", flush=True)


if __name__ == "__main__":
    main()
