"""Many people watching one run: how long a refresh takes and how much it sends.

    python -m benchmarks.dashboard [--sessions 1 10 50] [--points 1000 100000 1000000] [--seconds 20]

A real dashboard, a run that grows by two points a second, and sessions that speak to the server as browsers do: each opens
the run's page and asks for a refresh every second. Latency is from the question to the end of the answer. The sessions
compute on the same cores as the server. Needs requirements-dev.txt.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.paths import data_folder
from core.recipes import find_recipe
from core.runs.events import EventWriter
from core.runs.store import Run, create_run
from tests.browser.conftest import serving
from tests.pages.fake_runs import running

EPOCHS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", nargs="+", type=int, default=[1, 10, 50])
    parser.add_argument("--points", nargs="+", type=int, default=[1000, 100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    print(
        "| points of the run | sessions | refreshes a second | ms: median | 95 % | longest | KiB a refresh | CPU ms |"
    )
    print("| --- " * 8 + "|")
    for points in options.points:
        runs = Path(tempfile.mkdtemp()) / "runs"
        run = create_run(find_recipe("mlp").config(), runs)
        with running(run, epochs=EPOCHS, done=0) as log:
            write_steps(run, points)
            over = threading.Event()
            threading.Thread(target=_grow, args=(log, points, over), daemon=True).start()
            with serving(runs, data_folder()) as server:
                for sessions in options.sessions:
                    found = asyncio.run(_watch(server.url, server.process.pid, run.id, sessions, options.seconds))
                    print(f"| {points:,} | {sessions} | {found} |", flush=True)
            over.set()


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


async def _watch(url: str, server: int, run_id: str, sessions: int, seconds: float) -> str:
    seen, over = _Seen(), asyncio.Event()
    tasks = [asyncio.create_task(_session(url, run_id, seen, over)) for _ in range(sessions)]
    while seen.ready < sessions:
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


async def _session(url: str, run_id: str, seen: _Seen, over: asyncio.Event) -> None:
    """One browser: opens the run's page, then asks for a refresh every second."""
    address = url.replace("http", "ws") + "/_stcore/stream"
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None, origin=url) as socket:
        question = BackMsg()
        question.rerun_script.query_string = f"run={run_id}"
        question.rerun_script.page_name = "run"
        await socket.send(question.SerializeToString())
        fragment = await _answer(socket, seen)
        assert fragment, "the page refreshes by itself"
        seen.ready += 1
        await asyncio.sleep(random.random())
        question.rerun_script.fragment_id = fragment
        question.rerun_script.is_auto_rerun = True
        while not over.is_set():
            start = time.perf_counter()
            await socket.send(question.SerializeToString())
            await _answer(socket, seen)
            seen.seconds.append(time.perf_counter() - start)
            await asyncio.sleep(max(0.0, 1 - (time.perf_counter() - start)))


async def _answer(socket, seen: _Seen) -> str:
    """Takes all of an answer; the identity of the part of the page that refreshes."""
    fragment = ""
    async for message in socket:
        seen.bytes += len(message)
        part = ForwardMsg.FromString(message)
        kind = part.WhichOneof("type")
        if kind == "auto_rerun":
            fragment = part.auto_rerun.fragment_id
        elif kind == "script_finished":
            return fragment
    raise AssertionError("the server hung up")


if __name__ == "__main__":
    main()
