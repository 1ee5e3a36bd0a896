"""Which process a file names, and whether that one has ended."""

import json
import subprocess
import sys

import psutil
import pytest

from core.machine.processes import is_gone, name_process


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_process_that_lives_is_not_gone_and_one_that_was_killed_is_also_before_it_is_reaped(tmp_path, sleeper):
    path = tmp_path / "mark"
    path.write_text("a longer text than what is written over it, " * 5)
    name_process(path, sleeper.pid)
    assert json.loads(path.read_text())["pid"] == sleeper.pid
    assert not is_gone(path.read_text())
    sleeper.kill()
    while psutil.Process(sleeper.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert is_gone(path.read_text())
    sleeper.wait()
    assert is_gone(path.read_text())


def test_another_process_of_the_same_number_is_another(sleeper):
    started = psutil.Process(sleeper.pid).create_time()
    assert not is_gone(json.dumps({"pid": sleeper.pid, "started": started}))
    assert is_gone(json.dumps({"pid": sleeper.pid, "started": started - 3600}))


@pytest.mark.parametrize("text", ["", "7", "{}", '{"pid": "x", "started": 1}', "[", '{"pid": null, "started": null}'])
def test_what_names_no_process_is_not_gone(text):
    assert not is_gone(text)


def test_a_mark_that_was_removed_is_not_made_anew(tmp_path, sleeper):
    with pytest.raises(OSError):
        name_process(tmp_path / "mark", sleeper.pid)
    assert not (tmp_path / "mark").exists()
