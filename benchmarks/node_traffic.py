"""Other computers: how soon what happens there is here, how fast files go, what the processes need, and two hundred at once.

    python -m benchmarks.node_traffic [--seconds 10] [--computers 200]

The desk and the computer's agent are the product's own, over TLS on this machine; only workers are made up: they write lines as a
training does, four a second, and nothing else. Of the two hundred each is the product's own link to the desk, all in one process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from core.nodes.authority import Authority
from core.paths import HOME
from core.recipes import find_recipe
from core.runs.events import EventWriter, complete_lines, event_in
from core.runs.placement import hand_over, placement_of
from core.runs.store import Run, create_run
from tests.helpers import wait_until
from tests.room import ALONE, Room, room

LINES = 4  # of a run in a second
MB = 10**6
LARGE = 100 * MB


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--computers", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, room(Path(folder)) as made:
        made.add("lab-1")
        print("| process | memory | processor, while nothing happens |\n| --- | --- | --- |")
        for name, process in processes(made).items():
            memory = process.memory_info().rss / MB
            print(f"| {name} | {memory:.0f} MB | {100 * processor(process, options.seconds):.1f} % of a core |")
        made.computers.pop().kill()
        with made_up_computer(made):
            print(
                "\n| runs at once | lines | delay: median | 95 of 100 | most | desk |\n| --- | --- | --- | --- | --- | --- |"
            )
            for number in (1, 10):
                print(streams(made, number, options.seconds))
            print(
                f"\nA file of {LARGE // MB} MB to that computer: {to_it(made):.0f} MB/s; from it: {from_it(made):.0f} MB/s."
            )
        print(asyncio.run(crowd(made, options.computers, options.seconds)))


def processes(made: Room) -> dict[str, psutil.Process]:
    (agent,) = made.computers[0].agents()
    return {"desk": made.desk(), "computer": psutil.Process(made.computers[0].process.pid), "its agent": agent}


def processor(process: psutil.Process, seconds: float) -> float:
    """Its share of a core over so many seconds."""
    before = sum(process.cpu_times()[:2])
    time.sleep(seconds)
    return (sum(process.cpu_times()[:2]) - before) / seconds


@contextlib.contextmanager
def made_up_computer(made: Room) -> Iterator[None]:
    """The computer `lab-2`, whose workers are made up."""
    folder = made.folder / "lab-2"
    arguments = [made.address, "--runs", str(folder / "runs"), "--data", str(folder / "data"), "--name", "lab-2"]
    command = [sys.executable, "-c", "from benchmarks.node_traffic import as_agent; as_agent()", *arguments]
    command += ["--join", str(made.join_file())]
    with subprocess.Popen(command, cwd=HOME, env=os.environ | ALONE, stdin=subprocess.PIPE) as process:
        wait_until(lambda: made.in_touch("lab-2"))
        try:
            yield
        finally:
            process.stdin.close()  # type: ignore[union-attr]


def as_agent() -> None:
    """The agent, with workers that only write."""
    from core.nodes import agent, tended

    tended.launch = _pretend
    sys.exit(agent.main(sys.argv[1:]))


def _pretend(run: Run, _: Path) -> None:
    threading.Thread(target=_write_lines, args=(run,), daemon=True).start()
    wait_until(run.worker_is_alive)


def _write_lines(run: Run) -> None:
    """As the worker of a run does, until it is to stop; a run that was begun ends at once, with a large checkpoint."""
    with FileLock(run.worker_lock):
        is_begun = run.last.is_file()
        log, step = EventWriter(run.event_log), 0
        log.write("started", total_steps=10**6)
        while not is_begun and not run.stop_request.exists():
            time.sleep(1 / LINES)
            step += 1
            values = {"train/loss": 0.5, "train/accuracy": 0.5, "images_per_second": 9000.0, "learning_rate": 0.001}
            log.write("step", epoch=1, step=step, **values)
        if is_begun:
            run.last.write_bytes(os.urandom(LARGE))
        log.write("stopped", message="Stopped by request.")
        log.close()


def give(made: Room, computer: str, last: int = 0) -> Run:
    """A run that is placed there; with `last` it has a checkpoint of so many bytes."""
    run = create_run(find_recipe("digits").config(), made.runs, sync=False)
    if last:
        run.event_log.write_text(
            '{"event":"started","time":1.0}\n{"event":"paused","time":2.0,"message":"Paused."}\n', encoding="utf-8"
        )
        run.last.write_bytes(os.urandom(last))
    run.starting_mark.touch()
    hand_over(run.folder, computer)
    return run


def streams(made: Room, number: int, seconds: float) -> str:
    """So many runs at once: a row of how long after it happened each line is in the desk's folder."""
    runs = [give(made, "lab-2") for _ in range(number)]
    wait_until(lambda: all(complete_lines(run.event_log) for run in runs))
    read = {run: len(complete_lines(run.event_log)) for run in runs}
    begun, end, delays, desk = dict(read), time.monotonic() + seconds, list[float](), made.desk()
    used = sum(desk.cpu_times()[:2])
    while time.monotonic() < end:
        for run in runs:
            data = complete_lines(run.event_log, read[run])
            now, read[run] = time.time(), read[run] + len(data)
            delays += [now - event["time"] for line in data.splitlines() if (event := event_in(line))]
        time.sleep(0.005)
    used = (sum(desk.cpu_times()[:2]) - used) / seconds
    for run in runs:
        run.request_stop()
    wait_until(lambda: all(placement_of(run.folder).settled for run in runs))
    rate = sum(read[run] - begun[run] for run in runs) / seconds
    middle, late = statistics.median(delays), _late(delays)
    return (
        f"| {number} | {len(delays):,}, {rate / 1000:.1f} KB/s | **{1000 * middle:.0f} ms** | {1000 * late:.0f} ms | "
        f"{1000 * max(delays):.0f} ms | {100 * used:.1f} % of a core |"
    )


def to_it(made: Room) -> float:
    """Megabytes a second from the moment in which a run with a large checkpoint is placed until its worker says a word."""
    run, began = give(made, "lab-2", LARGE), time.monotonic()
    size = run.event_log.stat().st_size
    wait_until(lambda: run.event_log.stat().st_size > size)
    return LARGE / MB / (time.monotonic() - began)


def from_it(made: Room) -> float:
    """Megabytes a second from the last line of a run until all its files are here."""
    run = max(made.runs.glob("2*/last.pt"), key=os.path.getmtime).parent
    wait_until(lambda: placement_of(run).settled)
    ended = Run(run).events()[0][-1]["time"]
    return LARGE / MB / ((run / "last.pt").stat().st_mtime - ended)


async def crowd(made: Room, number: int, seconds: float) -> str:
    """So many computers that speak to the desk at once, and a run for one after the other."""
    from core.nodes.certificates import new_request
    from core.nodes.identity import Identity
    from core.nodes.link import DeskLink
    from core.nodes.wire import prepare

    prepare()
    authority, address = Authority(made.runs), f"127.0.0.1:{made.address.rpartition(':')[2]}"
    links: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as opened:
        began = time.monotonic()
        for each in range(number):
            key, request = new_request()
            name, certificate = authority.enroll(request, f"pc-{each}")
            identity = Identity(name, authority.text("ca.pem"), certificate, key, [address])
            links[name] = await opened.enter_async_context(DeskLink([address], identity.security, ""))
        await asyncio.gather(*(link.in_touch.wait() for link in links.values()))
        joined = time.monotonic() - began
        words, orders = list[float](), dict[str, float]()
        tasks = [asyncio.create_task(_speak(link, words)) for link in links.values()]
        tasks += [asyncio.create_task(_listen(link, orders)) for link in links.values()]
        await asyncio.sleep(5)
        words.clear()
        desk = made.desk()
        used, given = sum(desk.cpu_times()[:2]), dict[str, float]()
        for name in list(links)[:10]:
            given[await asyncio.to_thread(lambda name=name: give(made, name).id)] = time.monotonic()
            await asyncio.sleep(seconds / 10)
        used = (sum(desk.cpu_times()[:2]) - used) / seconds
        await asyncio.sleep(2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    waits = [orders[run] - moment for run, moment in given.items() if run in orders]
    return (
        f"\n{number} computers joined within {joined:.0f} s. Their words ({len(words):,}, one a second each) were answered after "
        f"{1000 * statistics.median(words):.0f} ms (median; 95 of 100 within {1000 * _late(words):.0f} ms); {len(waits)} of "
        f"{len(given)} runs were known there after {1000 * statistics.median(waits):.0f} ms (most: {1000 * max(waits):.0f} ms). "
        f"The desk used {100 * used:.0f} % of a core and {made.desk().memory_info().rss / MB:.0f} MB."
    )


async def _speak(link: Any, words: list[float]) -> None:
    facts = {"system": "Linux", "cores": 4, "memory": 16 * 10**9, "cpu_runs": 1, "speed": 1.0, "runs": []}
    while True:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            await link.ask("heard", {"facts": facts})
            words.append(time.monotonic() - began)
        await asyncio.sleep(1)


async def _listen(link: Any, orders: dict[str, float]) -> None:
    version = ""
    while True:
        with contextlib.suppress(ConnectionError):
            said = await link.ask("orders", {"known": {"version": version, "runs": {}}, "wait": 20.0})
            version = said.get("version", version)
            for run in said.get("runs", {}):
                orders.setdefault(run, time.monotonic())


def _late(delays: Sequence[float]) -> float:
    return sorted(delays)[int(0.95 * len(delays))]


if __name__ == "__main__":
    main()
