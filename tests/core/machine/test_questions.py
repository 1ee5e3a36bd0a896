"""Answers of other processes: they come, and nothing remains of the processes, whoever dies."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from core.machine import questions
from core.machine.questions import OLD, Question, temporary_folder
from core.paths import HOME
from tests.helpers import has_ended, wait_until


@pytest.fixture
def programs(monkeypatch, tmp_path):
    """Where `python -m` finds programs for questions."""
    (tmp_path / "waits.py").write_text("import time; time.sleep(600)")
    (tmp_path / "said.py").write_text("print('no JSON')")
    (tmp_path / "answers.py").write_text("import sys; print(open(sys.argv[1]).read())")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path


def left(programs):
    return list((programs / "temporary").iterdir())


def test_a_question_is_answered_and_nothing_remains_though_nobody_looks(programs):
    def words(folder):
        (folder / "asked").write_text('{"a": 1}')
        return ["answers", str(folder / "asked")]

    asked = Question(words)
    wait_until(lambda: not asked.is_running(), what="the answer")
    assert not asked.folder.exists() and not psutil.pid_exists(asked.process.pid), "reaped, and its files are gone"
    assert asked.answer() == {"a": 1}


def test_a_question_without_an_answer_ends_with_who_asked(programs):
    with Question(lambda folder: ["waits"]) as asked:
        assert asked.answer(0.01) is None and asked.is_running()
    assert asked.process.returncode is not None and not left(programs)
    with Question(lambda folder: ["said"]) as asked:
        assert asked.answer(60) is None, "what it said is no JSON"
    with pytest.raises(ZeroDivisionError), Question(lambda folder: ["waits"]) as asked:
        1 / 0  # noqa: B018
    assert not left(programs) and asked.process.returncode is not None


def test_one_that_was_killed_is_reaped_and_its_folder_goes(programs):
    asked = Question(lambda folder: ["waits"])
    asked.process.kill()
    wait_until(lambda: not asked.is_running(), what="its end is seen")
    assert asked.answer() is None and not left(programs) and not psutil.pid_exists(asked.process.pid)


@pytest.mark.parametrize("signal", ["kill", "terminate"])
def test_it_ends_with_the_process_that_asked_and_takes_its_folder_along(programs, signal):
    asks = "q = Question(lambda _: ['waits']); print(q.process.pid, flush=True); input()"
    code = f"from core.machine.questions import Question; {asks}"
    who = subprocess.Popen([sys.executable, "-c", code], cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    asked = psutil.Process(int(who.stdout.readline()))
    assert left(programs)
    getattr(who, signal)()
    who.communicate()
    wait_until(lambda: has_ended(asked), what="it ends")
    wait_until(lambda: not left(programs), what="its folder goes")


def test_a_process_that_cannot_be_started_leaves_no_folder(programs, monkeypatch):
    monkeypatch.setattr(questions.sys, "executable", "/nowhere/python")
    with pytest.raises(OSError):
        Question(lambda folder: ["waits"])
    assert not left(programs)


def test_folders_of_processes_that_died_long_ago_are_removed(programs):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    made = {}
    for name, age in (
        (f"traindesk-{dead.pid}-old", 2 * OLD),
        (f"traindesk-{dead.pid}-new", 0),
        (f"traindesk-{os.getpid()}-mine", 2 * OLD),
        ("traindesk-notes", 2 * OLD),
        ("others-1-x", 2 * OLD),
    ):
        made[name] = programs / "temporary" / name
        made[name].mkdir()
        (made[name] / "file").write_text(json.dumps(1))
        before = made[name].stat().st_mtime - age
        os.utime(made[name], (before, before))
    questions._remove_those_of_the_dead.cache_clear()
    with temporary_folder() as folder:
        assert folder.is_dir() and Path(folder).name.startswith(f"traindesk-{os.getpid()}-")
    assert not folder.exists()
    assert {path.name for path in left(programs)} == {*made} - {f"traindesk-{dead.pid}-old"}
