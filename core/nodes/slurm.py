"""Computers of a cluster: the program of a computer that trains for a desk, started as a job of Slurm through submitit.

The cluster's computers find the program, the join file and both folders at the same paths, as in a home directory they share.
Each job has a runs folder of its own; what was fetched of datasets is shared. Some minutes before its time ends Slurm sends it a
signal: then all its runs are paused and brought to the desk, where they can go on elsewhere, and the computer leaves.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shlex
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from core.errors import TrainDeskError
from core.files import remove_folder
from core.machine.processes import start
from core.nodes.leaving import ask_to_leave
from core.paths import HOME
from core.runs.workspace import workspace_folder
from core.text.numbers import duration

if TYPE_CHECKING:
    from submitit.core.core import PicklingExecutor

MOST_NOTICE = 300  # seconds before the end of its time at which a job leaves
SHORTEST = 300  # seconds of a job: below that nothing is trained between beginning and leaving
SHORT = {
    "A": "account", "C": "constraint", "G": "gpus", "J": "job_name", "L": "licenses", "M": "clusters", "N": "nodes",
    "c": "cpus_per_task", "d": "dependency", "n": "ntasks", "p": "partition", "q": "qos", "t": "time", "w": "nodelist",
    "x": "exclude",
}  # fmt: skip
OURS = ("array", "chdir", "error", "open_mode", "output", "signal", "wrap")
ONE = ("nodes", "ntasks", "ntasks_per_node")  # a computer is one computer
TIME = re.compile(
    r"(?:(?P<days>\d+)-(?P<hours>\d+)(?::(?P<minutes>\d+)(?::(?P<seconds>\d+))?)?|(?P<clock>\d+(?::\d+){0,2}))"
)


class Submitted(NamedTuple):
    """A job that waits for its computer."""

    id: str
    name: str  # of the computer that it will be
    log: Path
    notice: int  # seconds before its end at which it leaves


@dataclass(frozen=True)
class NodeJob:
    """What the job does, on whichever computer it is started. Paths are absolute."""

    address: str
    runs: Path  # each job has its own folder below its workspace
    data: Path
    join: Path | None = None
    name: str = ""
    runs_at_once: int = 0

    def computer(self, job: str) -> str:
        """What the computer is called."""
        return f"{self.name or 'slurm'}-{job}".replace("_", "-")

    def __call__(self) -> None:
        """Trains for the desk until the signal comes that says that the time ends. Raises TrainDeskError."""
        from submitit import JobEnvironment

        environment = JobEnvironment()
        folder = _jobs(self.runs) / environment.job_id
        runs = folder / "runs"
        command = [sys.executable, "-m", "core", "node", self.address, "--name", self.computer(environment.job_id)]
        command += ["--runs", str(runs), "--data", str(self.data), "--runs-at-once", str(self.runs_at_once)]
        command += ["--join", str(self.join)] if self.join else []
        signal.signal(environment._usr_sig(), signal.SIG_IGN)  # some clusters send it to every process of a job
        with start(command, in_terminal=True) as node:
            for number in (environment._usr_sig(), signal.SIGTERM):  # the time ends; someone else needs the computer
                signal.signal(number, lambda *_: ask_to_leave(runs, "Its job ends soon."))
            status = node.wait()
        if status:
            raise TrainDeskError(f"The computer's program ended with status {status}; its lines above say why.")
        remove_folder(folder)  # all of it is at the desk


def submit(job: NodeJob, options: str, executor: PicklingExecutor | None = None) -> Submitted:
    """Gives the job to Slurm with these options of sbatch, or to another executor of submitit. Raises TrainDeskError."""
    if job.join is None:
        raise TrainDeskError("A job of Slurm joins as a computer of its own; give the join file with --join FILE.")
    wanted = read_options(options)
    seconds = seconds_of(str(wanted.get("time", "")))
    if importlib.util.find_spec("submitit") is None:
        raise TrainDeskError("Jobs of Slurm need submitit; install with pip install -r requirements-nodes.txt.")
    notice = min(MOST_NOTICE, seconds // 5)
    folder = _jobs(job.runs)
    try:
        if executor is None:
            executor = _slurm(folder, wanted, notice)
        with contextlib.chdir(HOME):  # where the job begins, and finds the program
            submitted: Any = executor.submit(job)
    except (OSError, RuntimeError) as error:
        said = str(error).strip().rpartition("\n")[2] or type(error).__name__
        raise TrainDeskError(f"Slurm did not take the job ({said[:300]}); check the options of --slurm.") from error
    name = job.computer(submitted.job_id)
    return Submitted(submitted.job_id, name, submitted.paths.stdout, notice)


def read_options(text: str) -> dict[str, Any]:
    """Options of sbatch by their long name with underscores; True for one without a value. Raises TrainDeskError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise TrainDeskError(
            f"The options of --slurm cannot be read ({error}); write them as sbatch takes them."
        ) from None
    found: dict[str, Any] = {}
    while words:
        name, value = _option(words.pop(0))
        if value is None and words and not words[0].startswith("-"):
            value = words.pop(0)
        if name in OURS or (name in ONE and value != "1"):
            raise TrainDeskError(
                f"--slurm does not take '{name.replace('_', '-')}={value or ''}': a job is one computer, whose folder, log and "
                "signal are chosen here; leave it out, or start several jobs."
            )
        found[name] = True if value is None else value
    return found


def seconds_of(time: str) -> int:
    """Of a time as sbatch takes it: minutes, M:S, H:M:S, D-H, D-H:M or D-H:M:S. Raises TrainDeskError."""
    match = TIME.fullmatch(time.strip())
    if match is None:
        said = f"'{time[:40]}' is no time of a job" if time else "--slurm needs the time that the job may take"
        raise TrainDeskError(f"{said}; write it as --time=4:00:00, since all runs are paused before it ends.")
    if match["clock"]:
        parts = [int(part) for part in match["clock"].split(":")]
        days, (hours, minutes, seconds) = 0, {1: [0, *parts, 0], 2: [0, *parts], 3: parts}[len(parts)]
    else:
        days, hours, minutes, seconds = (int(match[part] or 0) for part in ("days", "hours", "minutes", "seconds"))
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total < SHORTEST:
        raise TrainDeskError(
            f"A job of {duration(total)} trains nothing; give it {duration(SHORTEST)} or more with --time."
        )
    return total


def _option(word: str) -> tuple[str, str | None]:
    """Its long name, and its value if that is in the same word. Raises TrainDeskError."""
    if word.startswith("--") and len(word) > 2:
        name, equals, value = word[2:].partition("=")
        return name.replace("-", "_"), value if equals else None
    if word.startswith("-") and word[1:2] in SHORT:
        return SHORT[word[1]], word[2:].removeprefix("=") or None
    raise TrainDeskError(f"'{word[:60]}' is no option of sbatch that --slurm takes; write it as --partition=gpu.")


def _slurm(folder: Path, wanted: dict[str, Any], notice: int) -> PicklingExecutor:
    """Raises TrainDeskError where there is no Slurm."""
    from submitit import SlurmExecutor

    if missing := [program for program in ("sbatch", "srun") if shutil.which(program) is None]:
        raise TrainDeskError(f"There is no {missing[0]} here; start this on a computer of the cluster that has Slurm.")
    executor = SlurmExecutor(folder)
    threads = wanted.get("cpus_per_task")  # which srun does not take over from sbatch
    executor.update_parameters(
        job_name="traindesk",
        signal_delay_s=notice,
        stderr_to_stdout=True,
        srun_args=[f"--cpus-per-task={threads}"] if threads else [],
        additional_parameters=wanted,
    )
    return executor


def _jobs(runs_folder: Path) -> Path:
    return workspace_folder(runs_folder) / "slurm"
