"""How the processes of one run find each other, and that none outlives the others. All of it without torch."""

import os
import subprocess
import sys
import threading

import pytest

from core.machine.processes import name_process
from core.machine.ranks import AGENT, FOLDER, Ranks
from core.paths import HOME
from tests.helpers import assert_one_sentence, wait_until

OTHER = """
import sys
from pathlib import Path
from core.machine.ranks import Ranks
ranks = Ranks(Path(sys.argv[1]), int(sys.argv[2]), 2)
ranks.watch(lambda sentence: None)
print("here", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Starts a rank in a process of its own, which by itself would wait for ever."""
    found = []

    def start(rank):
        command = [sys.executable, "-c", OTHER, str(tmp_path), str(rank)]
        process = subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        found.append(process)
        assert process.stdout.readline() == b"here\n"
        return process

    yield start
    for process in found:
        process.kill()
        process.communicate()


def test_a_process_that_torchrun_started_says_so_once(tmp_path, monkeypatch):
    for name, value in {
        FOLDER: str(tmp_path),
        "RANK": "1",
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "x",
        "LOCAL_RANK": "1",
    }.items():
        monkeypatch.setenv(name, value)
    ranks = Ranks.from_environment()
    assert (ranks.rank, ranks.size) == (1, 2)
    assert Ranks.from_environment() is None and "MASTER_ADDR" not in os.environ, "what it starts is no rank"


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 64])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_row_is_one_ranks_own(tmp_path, rows, size):
    bounds = [Ranks(tmp_path, rank, size).own_rows(rows) for rank in range(size)]
    assert [row for start, end in bounds for row in range(start, end)] == list(range(rows))
    counts = [end - start for start, end in bounds]
    assert max(counts) - min(counts) <= 1


def test_what_the_first_commands_reaches_the_others(tmp_path):
    first, second = (Ranks(tmp_path, rank, 2) for rank in range(2))
    first.command({"devices": ["cpu", "cpu"]})
    assert second.orders() == {"devices": ["cpu", "cpu"]}


@pytest.mark.parametrize("rank", [0, 1])
def test_none_outlives_torchrun(tmp_path, other, rank):
    agent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / AGENT).touch()
    name_process(tmp_path / AGENT, agent.pid)
    process = other(rank)
    assert process.poll() is None
    agent.kill()
    agent.communicate()
    wait_until(lambda: process.poll() is not None, 20)


def test_none_outlives_the_first(tmp_path, other):
    first, second = other(0), other(1)
    first.kill()
    wait_until(lambda: second.poll() is not None, 20)


def test_the_first_hears_of_one_that_died_and_why(tmp_path, other):
    ranks, heard, came = Ranks(tmp_path, 0, 2), [], threading.Event()
    ranks.watch(lambda sentence: (heard.append(sentence), came.set()))
    process = other(1)
    assert ranks.lost() == "" and ranks.remedy() == {}
    process.kill()
    assert came.wait(20)
    assert heard == [ranks.lost()]
    assert_one_sentence(heard[0], "Device 2 of 2 was lost")
    Ranks(tmp_path, 1, 2).say_why("There was no memory.", {"training.batch_size": 8})
    (tmp_path / "1").write_text('{"pid": 999999999, "started": 1.0}')
    assert ranks.lost() == "There was no memory." and ranks.remedy() == {"training.batch_size": 8}


def test_one_that_has_done_its_part_may_go(tmp_path):
    first, second = (Ranks(tmp_path, rank, 2) for rank in range(2))
    second.release()
    (tmp_path / "1").write_text('{"pid": 999999999, "started": 1.0}')
    assert first.lost() == ""
    assert second.is_led(0)
    first.release()
    assert not second.is_led(0)
