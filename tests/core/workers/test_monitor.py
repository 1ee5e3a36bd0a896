"""What the computer is doing: real processes."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from core.machine.gpus import Gpu
from core.machine.processes import living_pid
from core.workers import monitor
from core.workers.monitor import Monitor
from tests.helpers import wait_until
from tests.pages.fake_runs import fake_run, running

BURN = "while True: pass"


@pytest.fixture
def busy():
    """A process that computes."""
    process = subprocess.Popen([sys.executable, "-c", BURN])
    yield process
    process.kill()
    process.wait()


def note(run, pid, started=None):
    started = psutil.Process(pid).create_time() if started is None else started
    run.worker_pid.write_text(json.dumps({"pid": pid, "started": started}))


def test_the_first_reading_claims_no_use_and_the_second_does(runs_folder, busy):
    monitor = Monitor(runs_folder)
    first = monitor.read()
    assert first.processor is None and first.cores == ()
    second = wait_until(lambda: (reading := monitor.read()).processor and reading)
    assert 0 < second.processor <= 1 and len(second.cores) == psutil.cpu_count()
    assert 0 < second.memory_used < second.memory_total
    assert 0 < second.disk_free < second.disk_total


def test_a_run_shows_what_its_process_uses(runs_folder, busy):
    run = fake_run(runs_folder, "starting")
    monitor = Monitor(runs_folder)
    with running(run):
        note(run, busy.pid)
        first = {usage.what: usage for usage in monitor.read().processes}
        assert first[run.id].processor is None and first[run.id].is_run and first[run.id].pid == busy.pid
        wait_until(
            lambda: (next(usage for usage in monitor.read().processes if usage.what == run.id).processor or 0) > 0.1,
            what="it computes all the time",
        )
        assert first[run.id].memory > 1_000_000 and first[run.id].threads >= 1
        assert not first["dashboard"].is_run and first["dashboard"].pid == os.getpid()


def test_a_number_that_now_belongs_to_another_process_is_not_believed(runs_folder):
    run = fake_run(runs_folder, "paused")
    note(run, os.getpid(), started=psutil.Process().create_time() - 1000)
    assert living_pid(run.worker_pid) is None
    note(run, os.getpid())
    assert living_pid(run.worker_pid) == os.getpid()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "started": 1}', '{"pid": 999999999, "started": 1}'])
def test_a_damaged_note_is_none(text, runs_folder):
    run = fake_run(runs_folder, "paused")
    run.worker_pid.write_text(text)
    assert living_pid(run.worker_pid) is None


def test_a_process_that_ends_between_two_looks_is_left_out(runs_folder, busy):
    run = fake_run(runs_folder, "starting")
    monitor = Monitor(runs_folder)
    with running(run):
        note(run, busy.pid)
        assert run.id in {usage.what for usage in monitor.read().processes}
        busy.kill()
        busy.wait()
        assert run.id not in {usage.what for usage in monitor.read().processes}


def test_the_gpus_and_what_each_process_has_of_their_memory(runs_folder, monkeypatch):
    here = os.getpid()
    gpus = [Gpu(0, "One", processes={here: 3_000, 1: 50}), Gpu(1, "Two", processes={here: 20}), Gpu(2, "Three")]
    monkeypatch.setattr(monitor, "read_gpus", lambda: gpus)
    reading = Monitor(runs_folder).read()
    assert reading.gpus == tuple(gpus)
    assert next(usage for usage in reading.processes if usage.what == "dashboard").gpu_memory == 3_020
    gpus[1] = Gpu(1, "Two", processes={here: None})  # as drivers do that do not tell
    unknown = Monitor(runs_folder).read().processes
    assert next(usage for usage in unknown if usage.what == "dashboard").gpu_memory is None
    gpus[:] = [Gpu(0, "One", processes={1: 50}), Gpu(1, "Two", processes={})]
    assert next(each for each in Monitor(runs_folder).read().processes if each.what == "dashboard").gpu_memory == 0
    gpus[1] = Gpu(1, "Two")  # as in a container, which does not see who has its memory
    assert next(each for each in Monitor(runs_folder).read().processes if each.what == "dashboard").gpu_memory is None


def test_without_gpus_their_memory_is_not_known(runs_folder, monkeypatch):
    monkeypatch.setattr(monitor, "read_gpus", list)
    reading = Monitor(runs_folder).read()
    assert reading.gpus == () and {usage.gpu_memory for usage in reading.processes} == {None}


def test_a_runs_folder_that_is_not_there_yet_lies_on_the_disk_of_its_parent(tmp_path):
    reading = monitor.Monitor(tmp_path / "not" / "yet").read()
    assert reading.disk_total and reading.disk_free
