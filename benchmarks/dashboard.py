"""Many people watching one run, with many that wait: how long a refresh takes and how much it sends, and what the server's memory
does over many visits.

    python -m benchmarks.dashboard [--sessions 1 10 50] [--points 1000 100000 1000000] [--pages run runs] [--waiting 1000]
        [--seconds 20]
    python -m benchmarks.dashboard --opens 1000 [--waiting 1000]

A real dashboard, a run that grows by two points a second, and sessions that speak to the server as browsers do: each opens
one of the pages, in turn, and asks for its parts as often as they want. Latency is from the question to the end of the answer.
With --opens each page is opened so often by a browser that comes and goes. The sessions compute on the same cores as the server.
Needs requirements-dev.txt.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import websockets
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.files import remove_file, remove_folder
from core.paths import data_folder
from core.recipes import find_recipe
from core.runs.events import EventWriter
from core.runs.queue import enqueue_all, queued
from core.runs.store import Run, create_run
from core.workers.dispatch import set_cpu_runs
from tests.browser.conftest import serving
from tests.desk import rerun
from tests.pages.fake_runs import running

EPOCHS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", nargs="+", type=int, default=[1, 10, 50])
    parser.add_argument("--points", nargs="+", type=int, default=[1000, 100_000, 1_000_000])
    parser.add_argument("--pages", nargs="+", default=["run"], help="what the sessions watch, in turn")
    parser.add_argument("--waiting", type=int, default=0, help="runs that wait in the queue")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--opens", type=int, default=0, help="only this: the memory of the server over so many visits")
    options = parser.parse_args()
    if not options.opens:
        print(
            "| points of the run | sessions | refreshes a second | ms: median | 95 % | longest | KiB a refresh | CPU ms |"
        )
        print("| --- " * 8 + "|")
    for points in options.points[: 1 if options.opens else None]:
        runs = Path(tempfile.mkdtemp()) / "runs"
        set_cpu_runs(runs, 1)
        run = create_run(find_recipe("mlp").config(), runs)
        with running(run, epochs=EPOCHS, done=0) as log, _waiting(runs, options.waiting):
            write_steps(run, points)
            over = threading.Event()
            threading.Thread(target=_grow, args=(log, points, over), daemon=True).start()
            with serving(runs, data_folder()) as server:
                if options.opens:
                    asyncio.run(_memory(server.url, server.process.pid, run.id, options.opens))
                    break
                for sessions in options.sessions:
                    watched = [options.pages[number % len(options.pages)] for number in range(sessions)]
                    found = asyncio.run(_watch(server.url, server.process.pid, run.id, watched, options.seconds))
                    print(f"| {points:,} | {sessions} | {found} |", flush=True)
            over.set()
        remove_folder(runs.parent)


@contextlib.contextmanager
def _waiting(runs: Path, number: int) -> Iterator[None]:
    """So many runs wait. They are taken out before the one at work is over, else all of them would be trained."""
    config = find_recipe("mlp").config()
    if number:
        enqueue_all([create_run(config, runs, sync=False) for _ in range(number)], "someone")
    try:
        yield
    finally:
        for run in queued(runs):
            remove_file(run.queue_place)


def write_steps(run: Run, points: int) -> None:
    """Fills a run's log with this many points of a curve as the worker writes them."""
    total = max(points, 1)
    with run.event_log.open("ab") as file:
        for start in range(0, points, 10_000):
            lines = (step_event(step, total) for step in range(start + 1, min(points, start + 10_000) + 1))
            file.write("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode())


def step_event(step: int, total: int) -> dict:
    loss = 2.3 * math.exp(-4 * step / total) + 0.1 * random.random()
    return {
        "event": "step",
        "time": round(time.time(), 3),
        "epoch": 1 + step * EPOCHS // (total + 1),
        "step": step,
        "train/loss": loss,
        "images_per_second": 21_000.5,
        "learning_rate": 0.01,
    }


def _grow(log: EventWriter, points: int, over: threading.Event) -> None:
    step = points
    while not over.wait(0.5):
        step += 1
        log.write(
            "step", **{name: value for name, value in step_event(step, points).items() if name not in ("event", "time")}
        )


@dataclass
class _Seen:
    """What the sessions saw since the measurement began."""

    seconds: list[float] = field(default_factory=list)  # of each refresh
    bytes: int = 0
    ready: int = 0


async def _memory(url: str, server: int, run_id: str, opens: int) -> None:
    """Prints what the server takes after each tenth of the visits, a page each in turn."""
    pages = ["", "run", "runs", "train", "data", "classify", "compare", "system", "glossary", "demo"]
    print("| pages opened | MB of the server |\n| --- | --- |")
    process = psutil.Process(server)
    for number in range(opens + 1):
        if number % (opens // 10) == 0:
            print(f"| {number:,} | {process.memory_info().rss / 1e6:.0f} |", flush=True)
        await _session(url, pages[number % len(pages)], run_id, _Seen(), None)


async def _watch(url: str, server: int, run_id: str, pages: list[str], seconds: float) -> str:
    seen, over = _Seen(), asyncio.Event()
    tasks = [asyncio.create_task(_session(url, page, run_id, seen, over)) for page in pages]
    while seen.ready < len(pages):
        for task in tasks:
            if task.done():
                task.result()  # raises what ended it
        await asyncio.sleep(0.05)
    await asyncio.sleep(3)
    seen.seconds.clear()
    seen.bytes = 0
    process = psutil.Process(server)
    before, start = sum(process.cpu_times()[:2]), time.perf_counter()
    await asyncio.sleep(seconds)
    computed, took = sum(process.cpu_times()[:2]) - before, time.perf_counter() - start
    over.set()
    await asyncio.gather(*tasks)
    times = sorted(seen.seconds)
    middle, late = statistics.median(times), times[int(len(times) * 0.95)]
    return (
        f"{len(times) / took:.1f} | {middle * 1e3:.0f} | {late * 1e3:.0f} | {times[-1] * 1e3:.0f} | "
        f"{seen.bytes / len(times) / 1024:.1f} | {computed / len(times) * 1e3:.1f}"
    )


async def _session(url: str, page: str, run_id: str, seen: _Seen, over: asyncio.Event | None) -> None:
    """One browser: opens a page, then asks for each part as often as it wants, until it is over; None: only opens it."""
    address = url.replace("http", "ws") + "/_stcore/stream"
    options = {"max_size": None, "origin": url, "open_timeout": 60, "ping_timeout": None}
    async with websockets.connect(address, subprotocols=["streamlit"], **options) as socket:
        question = rerun(page, f"run={run_id}")
        await socket.send(question.SerializeToString())
        parts = await _answer(socket, seen)
        if over is None:
            return
        assert parts, "the page refreshes by itself"
        seen.ready += 1
        start = time.perf_counter() + random.random()
        due = {part: start + every for part, every in parts.items()}
        question.rerun_script.is_auto_rerun = True
        while not over.is_set():
            part = min(due, key=due.__getitem__)
            await asyncio.sleep(max(0.0, due[part] - time.perf_counter()))
            start = time.perf_counter()
            question.rerun_script.fragment_id = part
            await socket.send(question.SerializeToString())
            await _answer(socket, seen)
            seen.seconds.append(time.perf_counter() - start)
            due[part] = max(due[part] + parts[part], time.perf_counter())


async def _answer(socket, seen: _Seen) -> dict[str, float]:
    """Takes all of an answer; the parts of the page that refresh, and after how many seconds each."""
    parts = {}
    async for message in socket:
        seen.bytes += len(message)
        said = ForwardMsg.FromString(message)
        kind = said.WhichOneof("type")
        if kind == "auto_rerun":
            parts[said.auto_rerun.fragment_id] = said.auto_rerun.interval
        elif kind == "script_finished":
            return parts
    raise AssertionError("the server hung up")


if __name__ == "__main__":
    main()
