"""Several computers: how runs spread over them, and how long it takes to decide where the next one goes.

    python -m benchmarks.nodes [--rounds 5]

Nothing is trained and nothing is sent: computers are their files, and a run takes as long as one of the digits recipe took here
on one thread, at the speed of its computer. The dispatcher that decides is the product's own.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from core.files import remove_file
from core.machine.processes import name_process
from core.nodes.registry import Node, write_node
from core.recipes import find_recipe
from core.runs.placement import Placement, placement_of, write_placement
from core.runs.queue import enqueue_all
from core.runs.store import Run, create_run
from core.settings.stored import SETTLED
from core.workers import dispatch as dispatching

# of an epoch of the digits recipe on a thread, twelve learning rates one after the other, on a computer that others used too
SECONDS = (15.0, 9.9, 12.1, 11.1, 18.5, 10.7, 11.5, 12.2, 9.0, 18.1, 9.4, 7.6)


@contextmanager
def desk() -> Iterator[Path]:
    """A runs folder of a computer that trains nothing itself."""
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(dispatching, "cpu_runs", lambda _: 0),
        patch.object(dispatching, "gpus", lambda: ()),
    ):
        runs = Path(folder) / "runs"
        runs.mkdir()
        yield runs


def join(runs_folder: Path, speeds: Sequence[float]) -> list[str]:
    """So many computers that are in touch, each with a place for one run."""
    names = [f"lab-{number}" for number in range(1, len(speeds) + 1)]
    for name, speed in zip(names, speeds, strict=True):
        write_node(runs_folder, Node(name, cores=1, cpu_runs=1, speed=speed, seen=time.time()))
    return names


def queue(runs_folder: Path, number: int) -> list[Run]:
    """So many runs of the digits recipe that wait."""
    runs = [create_run(find_recipe("digits").config(), runs_folder, sync=False) for _ in range(number)]
    enqueue_all(runs)
    return runs


def spread(speeds: Sequence[float], seconds: Sequence[float] = SECONDS) -> tuple[float, Counter[str]]:
    """Runs that take so long on a computer of speed 1, over computers of these speeds: when the last ends, how many each got."""
    with desk() as folder:
        speed_of = dict(zip(join(folder, speeds), speeds, strict=True))
        length_of = dict(zip(queue(folder, len(seconds)), seconds, strict=True))
        now, got, at_work = 0.0, Counter[str](), list[tuple[float, str, Run]]()
        while True:
            for run in dispatching.dispatch(folder, folder).started:
                name = placement_of(run.folder).computer
                got[name] += 1
                heapq.heappush(at_work, (now + length_of[run] / speed_of[name], run.id, run))
            if not at_work:
                return now, got
            now, _, run = heapq.heappop(at_work)
            _end(run)


def decisions(computers: int, waiting: int, rounds: int) -> list[tuple[float, float]]:
    """Seconds that passed, and of the processor, of a look at the queue that gives a run away: all computers but one train."""
    speeds = [1 + number / computers for number in range(computers)]
    found = []
    with desk() as folder:
        names = join(folder, speeds)
        for run, name in zip(queue(folder, computers - 1), names, strict=False):
            write_placement(run.folder, Placement(name, 1, time.time()))
            run.starting_mark.touch()
            name_process(run.starting_mark, os.getpid())
        queue(folder, waiting)
        time.sleep(SETTLED + 1)  # younger files count as still changing
        for _ in range(rounds):
            join(folder, speeds)  # each is heard of all the time
            began, used = time.perf_counter(), time.process_time()
            [run] = dispatching.dispatch(folder, folder).started
            found.append((time.perf_counter() - began, time.process_time() - used))
            _end(run)
    return found


def _end(run: Run) -> None:
    remove_file(run.starting_mark)
    remove_file(run.queue_place)
    run.event_log.write_text(
        '{"event":"step","time":1.0,"step":1,"images_per_second":900.0}\n{"event":"finished","time":2.0}\n',
        encoding="utf-8",
    )


def placing(rounds: int) -> None:
    """Prints the tables of placing."""
    alone = spread([1.0])[0]
    print("| computers | seconds of all | of one computer's time | runs each |\n| --- | --- | --- | --- |")
    for speeds in ([1.0], [1.0] * 3, [1.0, 1.0, 0.5], [2.0, 1.0, 0.5, 0.25]):
        seconds, got = spread(speeds)
        each = ", ".join(str(got[f"lab-{number}"]) for number in range(1, len(speeds) + 1))
        print(f"| {', '.join(map(str, speeds))} | {seconds:.1f} | {seconds / alone:.2f} | {each} |")
    print("\n| computers | runs that wait | ms of a decision (min / median / max) | of the processor, median |")
    print("| --- | --- | --- | --- |")
    for computers, waiting in itertools.product((3, 200), (10, 1000)):
        passed, used = zip(*decisions(computers, waiting, rounds), strict=True)
        low, middle, high = (f"{1000 * value:.0f}" for value in (min(passed), statistics.median(passed), max(passed)))
        print(f"| {computers} | {waiting:,} | {low} / **{middle}** / {high} | {1000 * statistics.median(used):.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    placing(parser.parse_args().rounds)


if __name__ == "__main__":
    main()
