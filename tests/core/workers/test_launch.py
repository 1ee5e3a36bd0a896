"""Who trains a run: the worker that waits, or a fresh one. Small stand-in processes speak the waiting worker's words."""

import subprocess
import sys
import threading

import pytest

from core.runs.store import create_run
from core.workers import launch as launcher
from core.workers import standby_handle as standby_module
from core.workers.launch import launch, prepare, standby_is_ready
from tests.helpers import quick_config, wait_until

WAITS = """
import json, pathlib, sys
print("ready", flush=True)
order = json.loads(sys.stdin.readline() or "{}")
if order:
    print("taken", flush=True)
    (pathlib.Path(order["run"]) / "taken").write_text(order["data"])
"""
NEVER_READY = WAITS.replace('print("ready", flush=True)', "")
DIES_AT_ONCE = "raise SystemExit(1)"
DIES_OF_THE_ORDER = 'import sys; print("ready", flush=True); sys.stdin.readline()'
DEAF = 'import os, time; os.close(0); print("ready", flush=True); time.sleep(60)'


@pytest.fixture
def processes(monkeypatch):
    """The processes that were started, by module; `program` is what a waiting worker does."""

    class Started(dict):
        program = WAITS

    started = Started({"core.workers.standby": [], "core.workers.worker": []})

    def start(module, log=None, **streams):
        program = started.program if module[0] == "core.workers.standby" else "pass"
        child = subprocess.Popen([sys.executable, "-c", program, *module[1:]], **streams)
        started[module[0]].append(child)
        return child

    launcher.end_standby()
    monkeypatch.setenv("TRAINDESK_STANDBY", "1")
    monkeypatch.setattr(launcher, "start_detached", start)
    yield started
    launcher.end_standby()
    for child in [*started["core.workers.standby"], *started["core.workers.worker"]]:
        child.kill()
        child.wait()


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(), runs_folder)


def wait_for_standby():
    prepare(delay=0)
    wait_until(standby_is_ready)


def scheduled():
    """Timers after which a worker gets ready."""
    threads = threading.enumerate()
    return [each for each in threads if isinstance(each, threading.Timer) and not each.finished.is_set()]


def fresh(processes):
    return [child.args[3] for child in processes["core.workers.worker"]]


def test_without_preparation_a_fresh_process_trains(processes, run, runs_folder):
    launch(run, runs_folder)
    assert fresh(processes) == [str(run.folder)]
    assert not processes["core.workers.standby"] and not scheduled()


def test_the_worker_that_waits_gets_the_run(processes, run, runs_folder):
    wait_for_standby()
    launch(run, runs_folder / "data")
    wait_until((run.folder / "taken").is_file)
    assert wait_until((run.folder / "taken").read_text) == str(runs_folder / "data")
    assert processes["core.workers.standby"][0].wait(240) == 0
    assert not fresh(processes)
    assert not standby_is_ready()


def test_a_run_on_several_devices_starts_processes_of_its_own(processes, runs_folder, monkeypatch):
    monkeypatch.setenv("TRAINDESK_CPU_DEVICES", "2")
    run = create_run(quick_config(training={"devices": 2}), runs_folder)
    wait_for_standby()
    launch(run, runs_folder)
    assert fresh(processes) == [str(run.folder)]
    assert standby_is_ready(), "it waits for another"


def test_one_that_is_not_ready_yet_gets_the_run_too_since_it_is_ahead(processes, run, runs_folder):
    processes.program = NEVER_READY
    prepare(delay=0)
    wait_until(lambda: processes["core.workers.standby"])
    launch(run, runs_folder)
    wait_until((run.folder / "taken").is_file)
    assert not fresh(processes)


def test_pages_that_ask_again_and_again_get_one(processes):
    threads = [threading.Thread(target=prepare, args=(0.05,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(standby_is_ready)
    prepare(delay=0)
    assert not scheduled()
    assert len(processes["core.workers.standby"]) == 1


def test_runs_launched_in_the_same_moment_never_share_one(processes, runs_folder):
    wait_for_standby()
    runs = [create_run(quick_config(), runs_folder) for _ in range(6)]
    ready = threading.Barrier(len(runs))

    def start(run):
        ready.wait()
        launch(run, runs_folder)

    threads = [threading.Thread(target=start, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = wait_until(lambda: [run for run in runs if (run.folder / "taken").is_file()])
    assert len(taken) == 1
    assert sorted(fresh(processes)) == sorted(str(run.folder) for run in runs if run not in taken)


@pytest.mark.parametrize("program", [DIES_OF_THE_ORDER, DEAF], ids=["dies of it", "hears nothing"])
def test_an_order_that_is_not_taken_starts_a_fresh_process(processes, run, runs_folder, program):
    processes.program = program
    wait_for_standby()
    launch(run, runs_folder)
    wait_until(lambda: fresh(processes) == [str(run.folder)])


def test_one_that_died_while_waiting_is_passed_over_and_replaced(processes, run, runs_folder):
    wait_for_standby()
    processes["core.workers.standby"][0].kill()
    processes["core.workers.standby"][0].wait()
    launch(run, runs_folder)
    assert fresh(processes) == [str(run.folder)]
    wait_for_standby()
    assert len(processes["core.workers.standby"]) == 2


def test_one_that_dies_before_it_is_ready_is_not_tried_again_at_once(processes, run, runs_folder):
    processes.program = DIES_AT_ONCE
    prepare(delay=0)
    wait_until(lambda: processes["core.workers.standby"])
    processes["core.workers.standby"][0].wait()
    for _ in range(3):
        prepare(delay=0)
    assert scheduled()[0].interval == launcher.RETRY_DELAY
    launch(run, runs_folder)
    assert fresh(processes) == [str(run.folder)]
    assert len(processes["core.workers.standby"]) == 1


def test_one_that_does_not_get_ready_in_time_is_given_up(processes, run, runs_folder, monkeypatch):
    processes.program = NEVER_READY
    prepare(delay=0)
    wait_until(lambda: processes["core.workers.standby"])
    monkeypatch.setattr(standby_module, "PATIENCE", 0.0)
    launch(run, runs_folder)
    assert fresh(processes) == [str(run.folder)]
    assert processes["core.workers.standby"][0].poll() is not None


@pytest.mark.parametrize(("cores", "delay"), [(2, launcher.NEXT_DELAY), (16, launcher.NEXT_DELAY_WITH_CORES)])
def test_the_next_one_gets_ready_a_little_after_a_start(processes, run, runs_folder, monkeypatch, cores, delay):
    monkeypatch.setattr(launcher, "usable_cores", lambda: cores)
    wait_for_standby()
    launch(run, runs_folder)
    assert scheduled()[0].interval == delay
    prepare(delay=0)
    assert scheduled()[0].interval == delay, "a page that asks does not hurry it"
    launcher._schedule(0)
    wait_until(standby_is_ready)
    assert len(processes["core.workers.standby"]) == 2


def test_a_start_before_the_first_one_is_on_its_way_puts_it_off(processes, run, runs_folder):
    prepare(delay=60)
    launch(run, runs_folder)
    assert scheduled()[0].interval in (launcher.NEXT_DELAY, launcher.NEXT_DELAY_WITH_CORES)
    assert fresh(processes) == [str(run.folder)]


def test_waiting_workers_can_be_switched_off(processes, monkeypatch):
    monkeypatch.setenv("TRAINDESK_STANDBY", "0")
    prepare(delay=0)
    assert not scheduled() and not processes["core.workers.standby"]


def test_it_ends_with_the_dashboard(processes):
    wait_for_standby()
    launcher.end_standby()
    assert processes["core.workers.standby"][0].poll() is not None
    prepare(delay=60)
    (timer,) = scheduled()
    launcher.end_standby()
    assert timer.finished.is_set() and not scheduled()


def test_a_process_that_cannot_be_started_to_wait_is_no_ones_concern(processes, run, runs_folder, monkeypatch):
    started = launcher.start_detached

    def refuse(module, **streams):
        if module[0] == "core.workers.standby":
            raise OSError("no more processes")
        return started(module, **streams)

    monkeypatch.setattr(launcher, "start_detached", refuse)
    prepare(delay=0)
    wait_until(lambda: not scheduled())
    launch(run, runs_folder)
    assert fresh(processes) == [str(run.folder)]
