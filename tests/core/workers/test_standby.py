"""The waiting worker's process: what it says, when it ends, and that it trains exactly as any other."""

import json
import os
import random
import signal
import subprocess
import sys
import threading

import pytest
import torch

from core.machine import cores
from core.machine.environment import worker_environment
from core.paths import HOME
from core.runs.store import create_run
from core.training.checkpoints import load_checkpoint
from core.training.kernels import FAMILIES, kernels
from core.workers import standby, worker
from tests.helpers import PATIENCE, quick_config, wait_until

HURRIED = """
import sys
from core.workers import standby
standby.import_everything, standby.practise = lambda: print("a word of a library"), lambda settings: None
standby.ensure_report = lambda: None
standby.worker.main = lambda arguments: print(arguments, sys.stdin.read()) or 7
sys.exit(standby.main())
"""  # no torch, no training: what it says and does around them


@pytest.fixture
def begin():
    processes = []

    def start(*program, **options):
        process = subprocess.Popen(
            [sys.executable, *program],
            cwd=HOME,
            env=worker_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            **options,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def order(run, data_folder):
    return json.dumps({"run": str(run.folder), "data": str(data_folder)}) + "\n"


def test_it_makes_all_machine_code_before_a_run_comes():
    kernels.cache_clear()
    standby.import_everything()
    assert kernels.cache_info().currsize == len(FAMILIES)


def test_it_says_ready_takes_one_run_and_becomes_its_worker(begin, runs_folder):
    process = begin("-c", HURRIED)
    assert process.stdout.readline() == "ready\n"
    run = create_run(quick_config(), runs_folder)
    process.stdin.write(order(run, runs_folder / "data"))
    process.stdin.flush()  # and left open: a worker's input ends all the same
    assert process.wait(PATIENCE) == 7, "the worker's exit status"
    assert process.stdout.read() == "taken\n"
    assert run.worker_log.read_text().strip() == str([str(run.folder), "--data", str(runs_folder / "data")])


@pytest.mark.parametrize("line", [b"", b"{", b"[]\n", b'{"run": 3}\n', b"{}\n"])
def test_what_is_no_order_names_no_run(line, monkeypatch):
    coming = iter([line, b""])
    monkeypatch.setattr(standby, "read_input", lambda: next(coming))
    order = standby.Order()
    assert order.came.wait(PATIENCE) and order.run is None


def test_it_ends_when_its_input_does(begin):
    process = begin("-c", HURRIED)
    said, _ = process.communicate(timeout=PATIENCE)
    assert "taken" not in said
    assert process.returncode == 0


def test_a_run_whose_folder_is_gone_is_not_taken(begin, runs_folder):
    process = begin("-c", HURRIED)
    run = create_run(quick_config(), runs_folder)
    said, _ = process.communicate(order(run, runs_folder).replace(run.id, "gone"), timeout=PATIENCE)
    assert "taken" not in said and process.returncode == 1


def test_a_run_that_came_early_is_not_kept_waiting_by_the_practice(monkeypatch):
    practised = []

    class Early(standby.Order):
        def _read(self):
            self.came.set()

    monkeypatch.setattr(standby, "Order", Early)
    monkeypatch.setattr(standby, "import_everything", lambda: None)
    monkeypatch.setattr(standby, "practise", practised.append)
    monkeypatch.setattr(standby.os, "dup", lambda number: os.open(os.devnull, os.O_WRONLY))
    monkeypatch.setattr(standby.os, "dup2", lambda *_: None)
    assert standby.main() == 0
    assert not practised


def test_the_practice_goes_well_and_leaves_no_trace(tmp_path, monkeypatch):
    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "data"))
    seen = []
    monkeypatch.setattr(standby, "create_run", lambda *values: seen.append(values[1]) or create_run(*values))
    torch.manual_seed(5)
    before = torch.get_rng_state(), torch.get_num_threads(), signal.getsignal(signal.SIGTERM), random.getstate()
    for settings in standby.PRACTICE:
        assert standby.practise(settings), "the runs that it trains end well"
    after = torch.get_rng_state(), torch.get_num_threads(), signal.getsignal(signal.SIGTERM), random.getstate()
    assert torch.equal(before[0], after[0]) and before[1:] == after[1:]
    assert len(seen) == 2 and not any(folder.exists() for folder in seen)
    assert not list(tmp_path.glob("traindesk-*/*.lock")), "no other run has seen it"


def test_whoever_waits_holds_no_gpu_and_has_torch_asked_which_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "data"))
    for name in ("is_available", "_lazy_init"):
        monkeypatch.setattr(torch.cuda, name, lambda: pytest.fail("a GPU was touched"))
    assert standby.practise(standby.PRACTICE[1])
    asked = threading.Event()

    class Early(standby.Order):
        def _read(self):
            asked.wait(PATIENCE)
            self.came.set()

    monkeypatch.setattr(standby, "Order", Early)
    monkeypatch.setattr(standby, "import_everything", lambda: None)
    monkeypatch.setattr(standby, "practise", lambda settings: None)
    monkeypatch.setattr(standby, "ensure_report", asked.set)
    monkeypatch.setattr(standby.os, "dup", lambda number: os.open(os.devnull, os.O_WRONLY))
    monkeypatch.setattr(standby.os, "dup2", lambda *_: None)
    assert standby.main() == 0 and asked.is_set()


def test_a_practice_that_fails_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path / "missing"))
    assert not standby.practise(standby.PRACTICE[0])


DASHBOARD = """
import pathlib, sys, time
from core.machine import processes
from core.workers import launch
from core.runs.store import Run
launch.prepare(delay=0)
while not launch.standby_is_ready():
    time.sleep(0.02)
launch.launch(Run(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]))
child = processes.children()[-1]
print(child.pid, "core.workers.standby" in child.args, flush=True)
sys.stdin.read()
"""


def test_it_outlives_the_dashboard_and_trains_exactly_as_any_other_process(
    begin, runs_folder, monkeypatch, data_folder
):
    monkeypatch.setenv("TRAINDESK_STANDBY", "1")
    monkeypatch.setenv("TRAINDESK_DATA", str(data_folder))
    config = quick_config(
        epochs=3,
        architecture={"name": "improved_cnn", "channels": [8, 8]},  # batch norm and dropout
        augmentation={"shift": 0.1, "rotation": 10},
    )
    warm, cold = (create_run(config, runs_folder) for _ in range(2))
    dashboard = begin("-c", DASHBOARD, str(warm.folder), str(data_folder), start_new_session=True)
    pid, waited = dashboard.stdout.readline().split()
    os.killpg(dashboard.pid, signal.SIGKILL)
    dashboard.wait()
    assert waited == "True"
    assert os.getsid(int(pid)) == int(pid) != dashboard.pid
    assert worker.work(cold, data_folder)["event"] == "finished"
    wait_until(lambda: not warm.status().is_active)
    assert warm.status().name == "finished", warm.worker_log.read_text()
    first, second = (load_checkpoint(run.last) for run in (cold, warm))
    assert first["metrics"] == second["metrics"]
    assert all(torch.equal(first["model"][name], weights) for name, weights in second["model"].items())
    losses = [[event["train/loss"] for event in run.events()[0] if event["event"] == "epoch"] for run in (cold, warm)]
    assert losses[0] == losses[1] and len(losses[0]) == 3
