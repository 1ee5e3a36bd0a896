"""Shares of the computer: real lock files, real other processes."""

import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.machine import cores
from core.machine.posix import user
from core.paths import HOME

OTHER = """
import sys
from contextlib import ExitStack
from core.machine import cores
marks = ExitStack()
print(eval(sys.argv[1]), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder for temporary files, for this process and those it starts."""
    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path))
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@pytest.fixture
def other():
    """Starts another process that takes something and keeps it; gives the process and what it printed."""
    processes = []

    def take(what):
        command = [sys.executable, "-c", OTHER, what]
        process = subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield take
    for process in processes:
        process.kill()
        process.communicate()


def others():
    with ExitStack() as marks:
        return cores.take_processor(marks)


def test_a_run_sees_the_others_until_they_end_however_they_end(other):
    assert others() == 0
    killed, seen = other("cores.take_processor(marks)")
    assert (seen, others()) == ("0", 1)
    ended, _ = other("cores.take_processor(marks)")
    assert others() == 2
    killed.kill()
    killed.wait()
    assert others() == 1
    ended.communicate()
    assert others() == 0


def test_a_run_counts_the_others_while_it_trains(other):
    with ExitStack() as marks:
        cores.take_processor(marks)
        assert cores.other_runs() == 0, "but for itself"
        ended, _ = other("cores.take_processor(marks)")
        assert cores.other_runs() == 1
        with cores.unnoticed():
            assert cores.other_runs() == 0
        ended.communicate()
        assert cores.other_runs() == 0


def test_what_is_released_is_free_and_a_second_release_does_nothing():
    first, second = ExitStack(), ExitStack()
    assert (cores.take_processor(first), cores.take_processor(second)) == (0, 1)
    first.close()
    first.close()
    with ExitStack() as third:
        assert cores.take_processor(third) == 1, "the second one's"
    second.close()
    assert others() == 0


def test_a_mark_can_be_released_by_another_thread():
    marks = ExitStack()
    cores.take_processor(marks)
    thread = threading.Thread(target=marks.close)
    thread.start()
    thread.join()
    assert others() == 0


def test_runs_that_begin_in_the_same_moment_count_each_other_rightly():
    seen, marks = [], []
    ready = threading.Barrier(8)

    def begin():
        ready.wait()
        marks.append(ExitStack())
        seen.append(cores.take_processor(marks[-1]))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(8))


def test_each_run_gets_a_gpu_of_its_own_in_the_given_order_then_they_share_evenly(other):
    names = ["GPU-b", "GPU-a"]
    process, seen = other(f"cores.take_gpus({names}, marks)[0]")
    assert seen == "GPU-b"
    marks = [ExitStack() for _ in range(5)]
    assert [cores.take_gpus(names, each)[0] for each in marks[:4]] == ["GPU-a", "GPU-b", "GPU-a", "GPU-b"]
    marks[0].close()
    assert cores.take_gpus(names, marks[4])[0] == "GPU-a", "two runs are on b, one on a"
    process.kill()


def test_marks_on_gpus_and_processor_do_not_count_for_each_other():
    with ExitStack() as marks:
        assert (cores.take_gpus(["cuda:1"], marks)[0], cores.take_gpus(["cuda:11"], marks)[0]) == ("cuda:1", "cuda:11")
        assert others() == 0
        assert cores.take_gpus(["cuda:1", "cuda:2"], marks)[0] == "cuda:2"
        assert cores.take_gpus(["cuda:11", "cuda:3"], marks)[0] == "cuda:3"


@pytest.mark.links
@pytest.mark.parametrize("obstacle", ["file", "somebody else's", "link", "no locks"])
def test_where_nothing_can_be_marked_a_run_is_as_if_alone(folder, monkeypatch, obstacle):
    if obstacle == "file":
        (folder / f"traindesk-{user()}").write_text("")
    elif obstacle == "somebody else's":
        if sys.platform == "win32":
            pytest.skip("that folder is each user's own there")
        monkeypatch.setattr(os, "getuid", lambda: 12345)
    elif obstacle == "link":
        (folder / "elsewhere").mkdir()
        (folder / f"traindesk-{user()}").symlink_to(folder / "elsewhere")
    else:

        def refuse(*_, **__):
            raise NotImplementedError("no flock here")

        monkeypatch.setattr(cores.FileLock, "acquire", refuse)
    with ExitStack() as marks:
        for _ in range(2):
            assert cores.take_processor(marks) == 0
            assert cores.take_gpus(["x", "y"], marks)[0] == "x"
    assert not list((folder / "elsewhere").glob("*"))


@pytest.mark.posix("permissions are POSIX's; that folder is each user's own there")
def test_the_folder_of_marks_is_private(folder):
    assert cores.lock_folder().stat().st_mode & 0o077 == 0


def test_a_practice_takes_nothing_and_sees_nobody():
    with ExitStack() as marks:
        cores.take_processor(marks)
        with cores.unnoticed():
            assert cores.take_processor(marks) == 0
            assert cores.take_gpus(["x"], marks)[0] == "x"
            assert cores.take_gpus(["x", "y"], marks)[0] == "x"
        assert others() == 1, "that of before the practice alone"


@pytest.mark.parametrize(
    ("wanted", "bound_to", "quota", "usable"),
    [
        ("3", 8, "max 100000", 3),
        ("4,2", 8, "max 100000", 4),
        ("", 8, "max 100000", 8),
        ("many", 8, "max 100000", 8),
        ("0", 8, "", 8),
        ("", 8, "150000 100000", 2),
        ("", 2, "800000 100000", 2),
        ("", 1, "1000 100000", 1),
        ("6", 2, "100000 100000", 6),
    ],
)
def test_cores_are_those_asked_for_or_those_it_may_use(folder, monkeypatch, wanted, bound_to, quota, usable):
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    monkeypatch.setattr(cores.psutil.Process, "cpu_affinity", lambda self: list(range(bound_to)), raising=False)
    monkeypatch.setattr(cores, "QUOTA", folder / "cpu.max")
    cores.QUOTA.write_text(quota)
    assert cores.usable_cores() == usable


def test_cores_without_affinity_and_quota_are_those_of_the_computer(folder, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.delattr(cores.psutil.Process, "cpu_affinity", raising=False)
    monkeypatch.setattr(cores, "QUOTA", folder / "none")
    monkeypatch.setattr(cores.psutil, "cpu_count", lambda logical=True: 5)
    assert cores.usable_cores() == 5
    monkeypatch.setattr(cores.psutil, "cpu_count", lambda logical=True: None)
    assert cores.usable_cores() == cores.computing_cores() == 1


@pytest.mark.parametrize(
    ("wanted", "bound_to", "physical", "computing"),
    [("", 16, 8, 8), ("", 4, 8, 4), ("16", 16, 8, 16), ("", 4, None, 4)],
)
def test_what_multiplies_gets_a_core_of_its_own_unless_someone_says_otherwise(
    folder, monkeypatch, wanted, bound_to, physical, computing
):
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    monkeypatch.setattr(cores.psutil.Process, "cpu_affinity", lambda self: list(range(bound_to)), raising=False)
    monkeypatch.setattr(cores.psutil, "cpu_count", lambda logical=True: 32 if logical else physical)
    monkeypatch.setattr(cores, "QUOTA", folder / "none")
    assert cores.computing_cores() == computing
