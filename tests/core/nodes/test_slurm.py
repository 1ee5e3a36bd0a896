"""Computers of a cluster: what Slurm is asked for, and a job that leaves in time, with its run paused and whole at the desk."""

import os
import re
import signal
import stat
from pathlib import Path

import psutil
import pytest
from submitit import LocalExecutor

from core.cli.main import main
from core.errors import TrainDeskError
from core.nodes.registry import nodes
from core.nodes.slurm import NodeJob, read_options, seconds_of, submit
from core.runs.placement import hand_over, placement_of
from core.runs.store import create_run
from tests.helpers import assert_one_sentence, has_ended, quick_config, wait_until
from tests.room import ALONE

SLOW = {"epoch_seconds": 2}


@pytest.fixture
def cluster(tmp_path, monkeypatch) -> Path:
    """A computer with programs called sbatch and srun; the folder where sbatch leaves what it was given."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    for name, script in {
        "sbatch": f'echo "$@" > {folder}/call; pwd > {folder}/place; cp "$1" {folder}/script; echo Submitted batch job 4711',
        "srun": "exit 1",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def node(tmp_path: Path, options: str, *more: str) -> int:
    folders = ["--runs", str(tmp_path / "runs"), "--data", str(tmp_path / "data"), "--join", str(tmp_path / "join.tdk")]
    return main(["node", "10.0.0.1:8786", "--slurm", options, *folders, *more])


def test_sbatch_is_asked_for_what_the_options_say(cluster, tmp_path, capsys):
    assert node(tmp_path, "--gres=gpu:1 --time=4:00:00 -p long -c 8 --exclusive --mail-type=END", "--name", "gpu") == 0
    script = (cluster / "script").read_text()
    asked = dict(re.findall(r"^#SBATCH --([\w-]+)=?(.*)$", script, re.MULTILINE))
    wanted = {
        "gres": "gpu:1",
        "time": "4:00:00",
        "partition": "long",
        "cpus-per-task": "8",
        "exclusive": "",
        "mail-type": "END",
    }
    assert asked.items() >= {**wanted, "job-name": "traindesk", "signal": "USR2@300"}.items()
    assert script.count("#SBATCH --time=") == 1
    assert re.search(r"^srun .*--cpus-per-task=8 .*-m submitit\.core\._submit", script, re.MULTILINE)
    assert (Path((cluster / "place").read_text().strip()) / "core" / "nodes" / "slurm.py").is_file()
    said = capsys.readouterr().out
    assert (
        "Job 4711 trains for the desk at 10.0.0.1:8786 as 'gpu-4711'" in said
        and "5 min 00 s before its time ends" in said
    )
    assert (tmp_path / "runs" / ".traindesk" / "slurm" / "4711_submitted.pkl").is_file()


def test_what_sbatch_says_against_it_is_told(cluster, tmp_path, capsys):
    (cluster / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified: long' >&2\nexit 1\n")
    assert node(tmp_path, "--time=60 -p long") == 1
    assert "invalid partition specified: long" in capsys.readouterr().err


def test_without_slurm_or_submitit_one_sentence_says_what_is_missing(cluster, tmp_path, monkeypatch, capsys):
    job = NodeJob("10.0.0.1:8786", tmp_path, tmp_path, tmp_path / "join.tdk")
    (cluster / "sbatch").unlink()
    with pytest.raises(TrainDeskError) as error:
        submit(job, "--time=60")
    assert_one_sentence(str(error.value), "There is no sbatch here", "computer of the cluster")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TrainDeskError) as error:
        submit(job, "--time=60")
    assert_one_sentence(str(error.value), "submitit", "pip install -r requirements-nodes.txt")


@pytest.mark.parametrize(
    "options, part",
    [
        ("", "needs the time"),
        ("--gres=gpu:1", "needs the time"),
        ("--time=soon", "'soon' is no time"),
        ("--time=4", "A job of 4 min 00 s trains nothing"),
        ("--time=60 --array=1-3", "'array=1-3'"),
        ("-t 60 -N 2", "'nodes=2'"),
        ("-t60 --signal USR1@60", "'signal=USR1@60'"),
        ("-t60 gpu", "'gpu' is no option"),
        ("--comment='half", "cannot be read"),
    ],
)
def test_options_that_cannot_be_followed_are_named(tmp_path, options, part):
    with pytest.raises(TrainDeskError) as error:
        submit(NodeJob("desk", tmp_path, tmp_path, tmp_path / "join.tdk"), options)
    assert_one_sentence(str(error.value), part)


@pytest.mark.parametrize(
    "time, seconds",
    [("90", 5400), ("10:30", 630), ("4:00:00", 14400), ("2-0", 172800), ("1-12:30", 131400), ("0-0:10:05", 605)],
)
def test_a_time_is_read_as_sbatch_reads_it(time, seconds):
    assert seconds_of(time) == seconds


def test_options_are_read_in_all_their_forms():
    said = "-t60 -c=4 --partition long --exclusive --comment='for all' -n1"
    wanted = {
        "time": "60",
        "cpus_per_task": "4",
        "partition": "long",
        "exclusive": True,
        "comment": "for all",
        "ntasks": "1",
    }
    assert read_options(said) == wanted


def test_a_job_pauses_its_run_brings_it_home_and_leaves_before_its_time_ends(an_empty_room, tmp_path, monkeypatch):
    """The signal is sent by hand at the moment when a run trains, instead of minutes before the end of hours."""
    room = an_empty_room
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    home, join = tmp_path / "home", room.join_file()
    executor = LocalExecutor(home / ".traindesk" / "slurm")
    executor.update_parameters(timeout_min=10)
    submitted = submit(NodeJob(room.address, home, tmp_path / "data", join), "--time=60", executor)
    assert wait_until(lambda: room.node(submitted.name), what=str(submitted)).name == f"slurm-{submitted.id}"
    run = create_run(quick_config(epochs=50, training=SLOW), room.runs)
    run.starting_mark.touch()
    hand_over(run.folder, submitted.name)
    wait_until(lambda: run.status().name == "running")
    (job,) = [
        each for each in psutil.Process(int(submitted.id)).children() if "submitit.core._submit" in each.cmdline()
    ]
    job.send_signal(signal.SIGUSR2)
    wait_until(lambda: placement_of(run.folder).settled)
    status = run.status()
    assert status.name == "paused" and "its process was told to end" in status.reason
    assert run.last.is_file()
    wait_until(lambda: not nodes(room.runs), what="it is no computer of the room any more")
    wait_until(lambda: "has left the desk" in submitted.log.read_text())
    wait_until(lambda: has_ended(job))
    assert not (home / ".traindesk" / "slurm" / submitted.id).exists(), "nothing of it is left there"
