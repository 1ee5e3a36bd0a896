"""What keeps a computer awake is begun, and ends with who asked for it. macOS and Windows are played here."""

import ctypes
import os
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import psutil
import pytest

from core.machine import awake as module
from core.machine.awake import awake
from core.paths import HOME
from tests.helpers import has_ended, wait_until


@pytest.fixture(autouse=True)
def is_wanted(monkeypatch):
    monkeypatch.setenv("TRAINDESK_AWAKE", "1")


@pytest.fixture
def programs(monkeypatch):
    """Notes which programs are begun and ended, in place of them."""
    noted = []

    def start(command, **options):
        assert options["stdin"] is subprocess.PIPE, "what lasts until its input ends would end at once"
        noted.append(command)
        return SimpleNamespace(communicate=lambda: noted.append("waited for"))

    monkeypatch.setattr(module, "start", start)
    monkeypatch.setattr(module, "end_child", lambda child: noted.append("ended"))
    return noted


def test_on_macos_caffeinate_watches_over_this_process(programs, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with awake("why"):
        assert programs == [["caffeinate", "-i", "-w", str(os.getpid())]]
    assert programs[1:] == ["ended", "waited for"]


@pytest.mark.parametrize("raised", [None, ValueError])
def test_windows_is_told_and_told_again_at_the_end(monkeypatch, raised):
    told = []
    kernel = SimpleNamespace(SetThreadExecutionState=lambda state: told.append(state) or 1)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    try:
        with awake("why"):
            assert told == [0x80000001], "continuous, and the system: the screen may go dark"
            if raised:
                raise raised
    except ValueError:
        pass
    assert told == [0x80000001, 0x80000000]


def test_a_refusal_is_one_line_and_the_work_goes_on(monkeypatch, capsys):
    kernel = SimpleNamespace(SetThreadExecutionState=lambda state: 0)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    done = []
    with awake("why"):
        done.append("work")
    assert done and capsys.readouterr().err.count("\n") == 1


def test_a_program_that_is_missing_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("PATH", "")
    with awake("why"):
        pass
    assert "caffeinate" in capsys.readouterr().err


def test_a_variable_switches_it_off(programs, monkeypatch):
    monkeypatch.setenv("TRAINDESK_AWAKE", "0")
    monkeypatch.setattr(sys, "platform", "darwin")
    with awake("why"):
        pass
    assert programs == []


def test_where_systemd_does_not_run_nothing_is_asked(programs, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "SYSTEMD", tmp_path / "none")
    monkeypatch.setattr(sys, "platform", "linux")
    with awake("why"):
        pass
    assert programs == []


HOLDS = """
import sys, time
from pathlib import Path
from core.machine import awake
awake.SYSTEMD = Path("/")
with awake.awake("A test."):
    print("holds", flush=True)
    if sys.argv[1] == "on":
        time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_what_systemd_holds_ends_with_the_process_however_that_ends(how, tmp_path, monkeypatch):
    inhibit, said = tmp_path / "systemd-inhibit", tmp_path / "said"
    inhibit.write_text(
        f'#!/bin/sh\necho "$$ $*" > {said}.part\nmv {said}.part {said}\nwhile [ "$1" != cat ]; do shift; done\n"$@"\n'
    )
    inhibit.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    command = [sys.executable, "-c", textwrap.dedent(HOLDS), "on" if how == "is killed" else ""]
    holder = subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"holds\n"
    if how == "is killed":
        wait_until(said.exists)
        pid, what = said.read_text().split(maxsplit=1)
        assert "--what=idle:sleep" in what and "--why=A test." in what and not has_ended(psutil.Process(int(pid)))
        holder.kill()
        wait_until(lambda: not psutil.pid_exists(int(pid)), what="nothing keeps the computer awake")
    holder.communicate(timeout=60)
    assert not [each for each in psutil.process_iter(["cmdline"]) if str(inhibit) in (each.info["cmdline"] or [])]
