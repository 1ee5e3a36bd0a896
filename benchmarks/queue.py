"""A thousand runs that wait: how long a sweep takes to be queued, and a start, a look at the queue and pages with them there.

    python -m benchmarks.queue [--waiting 1000] [--sweep 600] [--rounds 5]

Nothing is trained: workers are not started. Pages are drawn by Streamlit's own test harness, without a browser. Needs
requirements-dev.txt.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core.recipes import find_recipe
from core.runs.queue import withdraw
from core.runs.store import create_run
from core.workers import dispatch
from core.workers.queue_estimates import estimated_waits

PAGES = {"Home": "", "Runs": "runs", "Computer": "system", "Train": "train"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=1000)
    parser.add_argument("--sweep", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    dispatch.launch = lambda run, _: None  # type: ignore[assignment]
    dispatch.start_detached = lambda *_, **__: None  # type: ignore[assignment]
    config = find_recipe("digits").config()
    print("| what | seconds (min / median / max) | of the processor, median |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        os.environ |= {"TRAINDESK_RUNS": str(runs), "TRAINDESK_STANDBY": "0"}

        def queue(number: int, owner: str) -> None:
            made = [create_run(config, runs, sync=number == 1) for _ in range(number)]
            dispatch.submit_all(made, runs, owner)

        _row(f"{options.waiting:,} runs queued in one step", [_timed(lambda: queue(options.waiting, "ann"))])
        _row(f"{options.sweep:,} more of someone else", [_timed(lambda: queue(options.sweep, "bob"))])
        for entry in dispatch.waiting(runs)[options.waiting :]:
            withdraw(entry.run)
        time.sleep(3)  # younger files count as still changing
        rounds = range(options.rounds)
        _row("a start", [_timed(lambda: queue(1, "cem")) for _ in rounds])
        _row("a look at the queue by what serves it", [_timed(lambda: dispatch.dispatch(runs, runs)) for _ in rounds])
        _row("when each will begin", [_timed(lambda: estimated_waits(runs)) for _ in rounds])
        for name, page in PAGES.items():
            _row(f"the page {name}", _opened(page, options.rounds))


def _opened(page: str, rounds: int) -> list[tuple[float, float]]:
    """After one visit that is not counted."""
    from tests.pages.apps import open_app, run

    app = open_app(page)
    return [_timed(lambda: run(app)) for _ in range(rounds)]


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that passed, and seconds of the processor, which others who use it do not lengthen."""
    start, before = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - before


def _row(what: str, seconds: list[tuple[float, float]]) -> None:
    passed, used = zip(*seconds, strict=True)
    low, middle, high = (f"{value:.2f}" for value in (min(passed), statistics.median(passed), max(passed)))
    print(f"| {what} | {low} / **{middle}** / {high} | {statistics.median(used):.2f} |", flush=True)


if __name__ == "__main__":
    main()
