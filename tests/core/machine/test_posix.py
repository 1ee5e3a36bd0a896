"""What each system is asked for. Windows and macOS are played here: what they would be told is seen, not what they do."""

import os
import signal
import subprocess
import sys
import textwrap
from types import ModuleType, SimpleNamespace

import psutil
import pytest

from core.machine import posix
from core.paths import HOME
from tests.helpers import wait_until


@pytest.fixture
def windows(monkeypatch):
    """Plays Windows: its constants, and a Popen that only notes what it was told."""
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x08000000, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")


def test_on_windows_a_process_gets_no_window_and_a_detached_one_no_ctrl_c(windows):
    assert posix.apart() == {"creationflags": 0x08000200}, "DETACHED_PROCESS (8) would open one for its children"
    assert posix.windowless() == {"creationflags": 0x08000000}


@pytest.mark.posix("sessions are POSIX's")
def test_elsewhere_a_detached_one_gets_a_session_of_its_own():
    assert posix.apart() == {"start_new_session": True} and posix.windowless() == {}


@pytest.mark.posix("no program takes another's place there")
def test_a_program_takes_the_place_of_this_one(tmp_path):
    program = "import os, sys; print(os.getpid(), os.environ['WORD']); sys.exit(7)"
    outer = f"from core.machine.posix import run_in_place; run_in_place({[sys.executable, '-c', program]!r}, {{'WORD': 'w'}})"
    child = subprocess.Popen([sys.executable, "-c", outer], cwd=HOME, stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate(timeout=60)
    assert said.split() == [str(child.pid), "w"] and child.returncode == 7


@pytest.mark.posix("the child interrupts this process by a signal")
def test_on_windows_it_is_waited_for_and_ctrl_c_is_left_to_it(windows):
    before = signal.getsignal(signal.SIGINT)
    program = "import os, sys; os.kill(os.getppid(), 2); sys.exit(7)"
    assert posix.run_in_place([sys.executable, "-c", program]) == 7
    assert signal.getsignal(signal.SIGINT) is before


def test_on_windows_nobody_is_told_to_end_but_by_a_request(windows, monkeypatch):
    monkeypatch.setattr(psutil.Process, "terminate", lambda self: pytest.fail("that ends it in the middle of its work"))
    assert not posix.tell_to_end(os.getpid())


@pytest.mark.posix("signals between processes are POSIX's")
def test_elsewhere_a_process_hears_that_it_is_to_end():
    program = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(3)); print('here', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    child.stdout.readline()
    assert posix.tell_to_end(child.pid)
    child.communicate(timeout=60)
    assert child.returncode == 3 and not posix.tell_to_end(child.pid)


def pipe_of_windows(monkeypatch, looks):
    """`looks` are what PeekNamedPipe says, one after the other: bytes that wait, or an error."""

    def peek(handle, size):
        assert (handle, size) == (f"handle {number}", 0)
        said = looks.pop(0)
        if isinstance(said, Exception):
            raise said
        return said, 0

    number, end = os.pipe()
    for name, content in {
        "_winapi": {"PeekNamedPipe": peek},
        "msvcrt": {"get_osfhandle": lambda n: f"handle {n}"},
    }.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return number, end


def test_on_windows_nothing_is_read_from_a_pipe_before_it_is_there(windows, monkeypatch):
    read = []
    monkeypatch.setattr(posix.time, "sleep", lambda seconds: read.append("waited"))
    number, end = pipe_of_windows(monkeypatch, [0, 0, 2, BrokenPipeError()])
    os.write(end, b"ab")
    assert posix.read_input(number) == b"ab" and read == ["waited", "waited"]
    assert posix.read_input(number) == b"", "the other end is gone"
    os.close(end)
    os.close(number)


def test_on_windows_what_is_no_pipe_is_read_as_it_is(windows, monkeypatch):
    number, end = pipe_of_windows(monkeypatch, [OSError("incorrect function")])
    os.close(end)
    assert posix.read_input(number) == b""
    os.close(number)


def test_a_pipe_is_read_until_its_end():
    number, end = os.pipe()
    os.write(end, b"abc")
    os.close(end)
    assert [posix.read_input(number, 2), posix.read_input(number), posix.read_input(number)] == [b"ab", b"c", b""]
    os.close(number)


@pytest.mark.parametrize(("system", "unit"), [("linux", 1024), ("darwin", 1)])
@pytest.mark.posix("asks `resource`")
def test_the_most_memory_is_in_bytes_whatever_the_system_counts_in(system, unit, monkeypatch):
    import resource

    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=3_000))
    monkeypatch.setattr(sys, "platform", system)
    assert posix.peak_bytes() == 3_000 * unit


def test_on_windows_the_most_memory_is_asked_of_psutil(windows, monkeypatch):
    monkeypatch.setattr(psutil.Process, "memory_info", lambda self: SimpleNamespace(peak_wset=77))
    assert posix.peak_bytes() == 77


def test_this_process_used_some_memory():
    assert 10_000_000 < posix.peak_bytes() < 1e12


def test_on_windows_the_environment_is_set_and_nothing_begins_anew(windows, monkeypatch):
    monkeypatch.setattr(posix.os, "execve", lambda *_: pytest.fail("that gives the terminal back"))
    monkeypatch.setenv("TRAINDESK_WORD", "before")
    posix.begin_anew_in({"TRAINDESK_WORD": "w"}, "core")
    assert os.environ["TRAINDESK_WORD"] == "w"


def test_a_gentle_process_leaves_the_processor_to_others(windows, monkeypatch):
    given = []
    monkeypatch.setattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 0x4000, raising=False)
    monkeypatch.setattr(psutil.Process, "nice", lambda self, value: given.append(value))
    posix.be_gentle(5)
    monkeypatch.setattr(sys, "platform", "linux")
    posix.be_gentle(5)
    assert given == [0x4000, 5]


WATCHES = """
import threading, sys
from core.machine.posix import read_input
def watch():
    while read_input(): pass
    print("ended", flush=True)
threading.Thread(target=watch).start()
import numpy
print("imported", flush=True)
"""


def test_a_library_is_loaded_while_a_thread_watches_standard_input():
    """Which is what a blocking read there would hinder on Windows."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(WATCHES)], cwd=HOME, **pipes) as child:
        assert child.stdout.readline() == "imported\n"
        child.stdin.close()
        assert child.stdout.readline() == "ended\n"
    wait_until(lambda: child.poll() == 0)
