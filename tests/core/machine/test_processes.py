"""Which process a file names and whether it lives; what is started here is reaped; an answer ends with whoever waits for it."""

import contextlib
import json
import os
import subprocess
import sys

import psutil
import pytest

from core.machine import processes
from core.machine.processes import (
    Reporter,
    children,
    end_child,
    end_process,
    helpers,
    in_utf8,
    is_gone,
    last_word,
    living_pid,
    name_process,
    start,
    start_detached,
)
from tests.helpers import has_ended, wait_until


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_process_that_lives_is_not_gone_and_one_that_was_killed_is_also_before_it_is_reaped(tmp_path, sleeper):
    mark = tmp_path / "mark"
    mark.write_text("a longer text than what is written over it, " * 5)
    name_process(mark, sleeper.pid)
    assert json.loads(mark.read_text())["pid"] == sleeper.pid == living_pid(mark)
    assert not is_gone(mark)
    sleeper.kill()
    wait_until(lambda: has_ended(psutil.Process(sleeper.pid)))
    assert is_gone(mark) and living_pid(mark) is None
    sleeper.wait()
    assert is_gone(mark) and living_pid(mark) is None


def test_another_process_of_the_same_number_is_another(tmp_path, sleeper):
    mark, started = tmp_path / "mark", psutil.Process(sleeper.pid).create_time()
    mark.write_text(json.dumps({"pid": sleeper.pid, "started": started}))
    assert not is_gone(mark) and living_pid(mark) == sleeper.pid
    mark.write_text(json.dumps({"pid": sleeper.pid, "started": started - 3600}))
    assert is_gone(mark) and living_pid(mark) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "{}",
        '{"pid": "x", "started": 1}',
        "[",
        '{"pid": null, "started": null}',
        '{"pid": 1e999, "started": 1}',
        "[" * 9**5,
    ],
)
def test_what_names_no_process_is_not_gone(text, tmp_path):
    (tmp_path / "mark").write_text(text)
    assert not is_gone(tmp_path / "mark") and living_pid(tmp_path / "mark") is None
    assert not is_gone(tmp_path / "nothing") and not is_gone(tmp_path)


def test_a_mark_that_was_removed_is_not_made_anew(tmp_path, sleeper):
    with pytest.raises(OSError):
        name_process(tmp_path / "mark", sleeper.pid)
    assert not (tmp_path / "mark").exists()


@pytest.fixture
def module(monkeypatch, tmp_path):
    """A program that `python -m` finds: it says its words, and what is in its environment."""
    (tmp_path / "said.py").write_text(
        "import os, sys; print(sys.argv[1:], os.environ.get('WORD')); sys.stderr.write('oh')"
    )
    (tmp_path / "waits.py").write_text("import time; time.sleep(600)")
    monkeypatch.setattr(processes, "HOME", tmp_path)
    return tmp_path


def test_a_detached_process_prints_into_its_log_and_is_reaped_when_it_ends(module, tmp_path):
    log = tmp_path / "log"
    log.write_text("before ")
    waits = start_detached(["waits"])
    assert waits in children()
    ended = start_detached(["said", "a", "b"], env={**os.environ, "WORD": "w"}, log=log)
    wait_until(
        lambda: ended not in children() and not psutil.pid_exists(ended.pid), what="nobody asks, and it is reaped"
    )
    assert log.read_text().startswith("before ") and "['a', 'b'] w" in log.read_text() and "oh" in log.read_text()
    waits.kill()
    wait_until(lambda: waits not in children(), what="this one too")


@pytest.mark.posix("sessions are POSIX's")
def test_no_ctrl_c_of_this_terminal_reaches_a_detached_process(module):
    waits = start_detached(["waits"])
    assert os.getsid(waits.pid) != os.getsid(0)
    waits.kill()


FAMILY = """
import sys, time
from core.machine.processes import start, start_detached
own = start([sys.executable, "-c", "import time; time.sleep(600)"])
other = start_detached(["timeit", "-n1", "-r1", "import time; time.sleep(600)"])
print(own.pid, other.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["by its mark", "as a child"])
def test_who_ends_a_process_ends_what_it_started_for_itself_and_not_what_outlives_it(tmp_path, how):
    first = start([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True)
    own, other = (psutil.Process(int(pid)) for pid in first.stdout.readline().split())
    try:
        if how == "as a child":
            end_child(first)
        else:
            mark = tmp_path / "mark"
            mark.touch()
            name_process(mark, first.pid)
            end_process(mark)
        assert first.wait(60) != 0
        wait_until(lambda: has_ended(own), what="what it started for itself ends with it")
        assert not has_ended(other), "what was started to outlive it does"
        end_child(first)  # nothing happens: its number may be another's by now
    finally:
        first.stdout.close()
        for process in (own, other):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def test_children_speak_utf_8_and_get_no_window(monkeypatch):
    told = []
    monkeypatch.setattr(processes, "windowless", lambda: {"creationflags": 1})
    monkeypatch.setattr(processes.subprocess, "Popen", lambda command, **options: told.append(options))
    monkeypatch.setenv("WORD", "w")
    start(["x"])
    start(["x"], in_terminal=True, env={"A": "b"})
    assert told[0]["creationflags"] == 1 and told[0]["env"]["PYTHONUTF8"] == "1" and told[0]["env"]["WORD"] == "w"
    assert "creationflags" not in told[1] and told[1]["env"] == {"A": "b", "PYTHONUTF8": "1"}
    assert in_utf8()["WORD"] == "w"


def test_no_more_helpers_than_windows_can_wait_for():
    with helpers(64) as pool:  # more than 61 raise ValueError there
        assert pool._max_workers == 61
    with helpers(2) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()


def test_a_last_word_is_believed_unless_its_process_died_at_work(tmp_path, sleeper):
    mark = tmp_path / "mark"
    mark.touch()
    name_process(mark, sleeper.pid)
    said = ["working"]
    read = lambda: said[0] if len(said) == 1 else said.pop(0)  # noqa: E731
    assert last_word(read, "working".__eq__, mark, "lost") == "working"
    sleeper.kill()
    sleeper.wait()
    assert last_word(read, "working".__eq__, mark, "lost") == "lost"
    said[:] = ["working", "ready"]  # it ended well between the two looks
    assert last_word(read, "working".__eq__, mark, "lost") == "ready"
    assert last_word(read, "working".__eq__, tmp_path / "no mark", "lost") == "ready"


def test_a_reporter_says_each_phase_at_once_and_its_end_and_little_between(monkeypatch):
    now, said = [100.0], []
    monkeypatch.setattr(processes.time, "time", lambda: now[0])
    report = Reporter(lambda *words: said.append(words), every=1.0)
    for done in range(11):
        now[0] += 0.25
        report("reading", done, 10)
    report("looking", 0, 0)
    assert said == [
        ("reading", 0, 10, 100.25),
        ("reading", 5, 10, 100.25),
        ("reading", 10, 10, 100.25),
        ("looking", 0, 0, now[0]),
    ]
