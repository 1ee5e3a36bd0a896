"""The command that has this computer train for a desk: a small process that starts the one that does it, and starts it again."""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from core.cli.common import Commands, Result
from core.errors import TrainDeskError
from core.machine.environment import worker_environment
from core.machine.processes import end_child, start
from core.nodes.authority import check_packages
from core.text.numbers import duration

SHORT = 10.0  # seconds of a life after which the next one waits longer
LONGEST_DELAY = 30.0
ENDS = 15.0  # seconds that the agent has to end
LOOK_SECONDS = 0.5  # between two looks whether someone wants the end


def add_node_command(commands: Commands) -> None:
    """Adds it to those of all."""
    node = commands.add(
        "node",
        _node,
        "train on this computer for a desk elsewhere",
        description="Trains on this computer for a desk elsewhere, until Ctrl-C; trainings that have begun go on without it.",
    )
    node.add_argument("address", metavar="ADDRESS", help="of the desk: HOST:PORT, as its Computer page says it")
    node.add_argument("--join", type=Path, metavar="FILE", help="join file; needed the first time only")
    node.add_argument("--name", default="", help="what to call this computer (default: its own name)")
    node.add_argument("--slurm", metavar="OPTIONS", help='as a job of Slurm: "--gres=gpu:1 --time=4:00:00"')
    node.add_argument("--runs-at-once", type=int, default=0, metavar="N", help="trainings at once on its processor")


def _node(options: argparse.Namespace) -> Result:
    """Ends when it is told to, or when the desk will not have this computer: then with why. Raises TrainDeskError."""
    check_packages()
    if options.slurm is not None:
        return _give_to_slurm(options)
    command = [sys.executable, "-m", "core.nodes.agent", options.address]
    for name in ("runs", "data", "join"):
        if path := getattr(options, name):
            command += [f"--{name}", str(path.expanduser().resolve())]
    command += ["--name", options.name, "--runs-at-once", str(options.runs_at_once)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    delay = 1.0
    from core.nodes.wire import REFUSED  # asyncio and ssl come with it

    with contextlib.suppress(KeyboardInterrupt):
        while True:
            began = time.monotonic()
            status, why = _one_life(command)
            if status == REFUSED:
                raise TrainDeskError(why)
            if status == 0:  # it was told to leave, and has left
                break
            delay = min(2 * delay, LONGEST_DELAY) if time.monotonic() - began < SHORT else 1.0
            time.sleep(delay)
    return Result({}, "")


def _give_to_slurm(options: argparse.Namespace) -> Result:
    """Raises TrainDeskError."""
    from core.nodes.slurm import NodeJob, submit

    runs, data, join = (path and path.expanduser().resolve() for path in (options.runs, options.data, options.join))
    job = submit(NodeJob(options.address, runs, data, join, options.name, options.runs_at_once), options.slurm)
    text = (
        f"Job {job.id} trains for the desk at {options.address} as '{job.name}' once Slurm starts it. {duration(job.notice)} "
        f"before its time ends, its runs are paused and brought to the desk. What it says is in {job.log}."
    )
    if join:
        text += f" It reads {join} when it begins, which must be within a day of the making of that file."
    return Result(job._asdict() | {"log": str(job.log)}, text)


def _one_life(command: list[str]) -> tuple[int, str]:
    """Exit status of the agent, and why it was refused. What it says is printed. However this ends, it ends too."""
    from core.nodes.wire import WHY

    why, pipes = "", {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    agent = start(command, env=worker_environment(), in_terminal=True, encoding="utf-8", **pipes)
    assert agent.stdin is not None and agent.stdout is not None
    lines = agent.stdout

    def listen() -> None:
        nonlocal why
        for line in lines:
            if line.startswith(WHY):
                why = line.removeprefix(WHY).strip()
            else:
                print(line, end="", flush=True)

    listening = threading.Thread(target=listen, name="agent", daemon=True)
    listening.start()
    try:
        while listening.is_alive():  # not in the pipe itself, where Ctrl-C would wait for a line on Windows
            listening.join(LOOK_SECONDS)
        return agent.wait(), why
    finally:
        agent.stdin.close()
        try:
            agent.wait(ENDS)
        except subprocess.TimeoutExpired:
            end_child(agent)
            agent.wait()
        listening.join(ENDS)
        agent.stdout.close()
