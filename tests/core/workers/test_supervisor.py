"""The supervisor: one for each queue. That it has real runs trained one after the other: tests.faults.test_kills."""

import subprocess
import sys

import pytest
from filelock import FileLock

from core.paths import HOME
from core.runs.queue import enqueue, waiting
from core.runs.store import create_run
from core.workers import supervisor
from core.workers.dispatch import ensure_supervisor, set_cpu_runs, supervisor_is_alive
from tests.helpers import PATIENCE, quick_config, wait_until


@pytest.fixture
def one_at_a_time(runs_folder):
    set_cpu_runs(runs_folder, 1)


def start(runs_folder, data_folder):
    command = [sys.executable, "-m", "core.workers.supervisor", "--runs", str(runs_folder), "--data", str(data_folder)]
    return subprocess.Popen(command, cwd=HOME, stderr=subprocess.PIPE, text=True)


def test_a_second_one_ends_at_once(runs_folder, data_folder, one_at_a_time):
    busy, waits = (create_run(quick_config(), runs_folder) for _ in range(2))
    enqueue(waits)
    with FileLock(busy.worker_lock, thread_local=False):  # as its worker holds it: there is no room
        first = start(runs_folder, data_folder)
        try:
            wait_until(lambda: supervisor_is_alive(runs_folder))
            second = start(runs_folder, data_folder)
            assert second.wait(PATIENCE) == 0 and first.poll() is None
            assert waits.status().name == "queued"
        finally:
            first.kill()
            first.wait()


def test_one_is_started_only_when_runs_wait_and_none_is_there(runs_folder, data_folder, monkeypatch):
    started = []
    monkeypatch.setattr("core.workers.dispatch.start_detached", lambda command, **_: started.append(command))
    ensure_supervisor(runs_folder, data_folder)
    assert not started, "nothing waits"
    enqueue(create_run(quick_config(), runs_folder))
    ensure_supervisor(runs_folder, data_folder)
    assert [command[0] for command in started] == ["core.workers.supervisor"]
    monkeypatch.setattr("core.workers.dispatch.supervisor_is_alive", lambda runs_folder: True)
    ensure_supervisor(runs_folder, data_folder)
    assert len(started) == 1


def test_a_run_queued_while_it_ends_is_served_too(runs_folder, data_folder, monkeypatch):
    """Whoever queues sees its lock and relies on it: it looks once more after it let go."""
    served = []
    late = create_run(quick_config(), runs_folder)

    def serve(runs_folder, data_folder):
        served.append([entry.run for entry in waiting(runs_folder)])
        for entry in waiting(runs_folder):
            entry.run.queue_place.unlink()
        if len(served) == 1:
            enqueue(late)

    monkeypatch.setattr(supervisor, "_serve", serve)
    first = create_run(quick_config(), runs_folder)
    enqueue(first)
    assert supervisor.main(["--runs", str(runs_folder), "--data", str(data_folder)]) == 0
    assert served == [[first], [late]]
