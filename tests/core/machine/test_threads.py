"""How many threads compute beside other programs; the load and the clock are made up."""

from types import SimpleNamespace

import psutil
import pytest
import torch

from core.machine import threads
from core.machine.threads import CALM, LASTING, LOOK, SHORTEST, OtherLoad, ThreadsByLoad
from tests.helpers import assert_one_sentence


class Load:
    busy = 0.0

    def cores(self):
        return self.busy


@pytest.fixture
def by_load(monkeypatch):
    """Makes ThreadsByLoad for a computer of four cores; `look(busy)` lets the time of a look pass, with so many cores in use."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    clock, load = SimpleNamespace(now=100.0), Load()
    monkeypatch.setattr(threads.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: 4)
    before = torch.get_num_threads()

    def made(given, alone=1, fixed=False):
        torch.set_num_threads(given)
        found = ThreadsByLoad(load, given, alone, fixed)

        def look(busy, seconds=LOOK):
            load.busy = busy
            clock.now += seconds
            return found.follow(), torch.get_num_threads()

        return look

    yield made
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("busy", "room"), [(0, 4), (0.4, 4), (0.6, 3), (1, 3), (1.5, 3), (2.9, 1), (4, 1), (7, 1), (-0.2, 4)]
)
def test_threads_are_those_that_have_a_core_of_their_own(busy, room, by_load):
    assert by_load(4)(busy)[1] == room


def test_there_are_never_more_than_were_given(by_load):
    assert by_load(2)(0)[1] == 2
    assert by_load(2)(2)[1] == 2, "four cores have room for two more"


def test_the_first_look_is_soon_and_the_next_ones_are_not_at_every_step(by_load):
    look = by_load(4)
    assert look(3, SHORTEST / 2)[1] == 4, "too short to tell"
    assert look(3, SHORTEST)[1] == 1
    assert look(0, LOOK / 2)[1] == 1


def test_there_are_more_again_when_there_was_room_for_a_while(by_load):
    look = by_load(4)
    look(3)
    assert [look(0)[1] for _ in range(CALM)] == [1] * (CALM - 1) + [4]
    look(3)
    assert [look(busy)[1] for busy in (0, 3, 0, 0)] == [1, 1, 1, 1], "it came back in between"


def test_people_are_told_once_when_it_lasts(by_load):
    look = by_load(4)
    *before, told = [look(2.9)[0] for _ in range(LASTING)]
    assert not any(before)
    assert_one_sentence(told, "a browser that draws charts", "2.9 of its 4 cores", "1 of its 4 threads", "'Repeatable'")
    assert not any(look(busy)[0] for busy in [2.9] + [0] * CALM + [2.9] * LASTING)


def test_nobody_is_told_of_what_passes(by_load):
    look = by_load(4)
    assert not any(look(busy)[0] for busy in ([2.9] * (LASTING - CALM) + [0] * CALM) * 3)


def test_a_run_takes_the_threads_of_those_that_ended(by_load, monkeypatch):
    others = SimpleNamespace(count=3)
    monkeypatch.setattr(threads, "other_runs", lambda: others.count)
    look = by_load(1, alone=4)
    assert [look(0)[1] for _ in range(2 * CALM)] == [1] * 2 * CALM, "the others still train, although they wait now"
    others.count = 1
    assert [look(0)[1] for _ in range(CALM)] == [1] * (CALM - 1) + [2]
    others.count = 0
    assert [look(2)[1] for _ in range(CALM)] == [2] * CALM, "there is no room for more"
    assert [look(0)[1] for _ in range(CALM)] == [2] * (CALM - 1) + [4]
    others.count = 1
    assert look(0)[1] == 2, "another one begins, with its share"


def test_what_is_fixed_stays(by_load, monkeypatch):
    assert by_load(4, fixed=True)(4)[1] == 4
    assert all_calm(by_load(2, alone=4, fixed=True)) == {2}
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert by_load(3)(4)[1] == 3, "someone has said how many"
    assert all_calm(by_load(2, alone=3)) == {2}


def all_calm(look):
    return {look(0)[1] for _ in range(CALM + 1)}


def test_a_training_that_needs_fewer_keeps_them(by_load):
    look = by_load(4)
    torch.set_num_threads(1)  # as where a last layer alone trains
    assert [look(busy)[1] for busy in (2, 0, 0, 0, 0)] == [1] * 5


@pytest.mark.parametrize(("niceness", "others"), [(0, 0.8), (10, 2.8)])
def test_others_are_all_but_this_process_and_what_gives_way_to_it(niceness, others, monkeypatch):
    times = SimpleNamespace(user=45.0, nice=50.0, system=0.0, idle=4.0, iowait=1.0)
    process = SimpleNamespace(cpu_percent=lambda: 100.0, nice=lambda: niceness)
    monkeypatch.setattr(psutil, "cpu_times_percent", lambda: times)
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: 4)
    monkeypatch.setattr(psutil, "Process", lambda: process)
    assert OtherLoad().cores() == pytest.approx(others)


def test_where_nothing_can_be_known_nobody_else_computes(monkeypatch):
    def refuse():
        raise PermissionError("/proc/stat")

    monkeypatch.setattr(psutil, "cpu_times_percent", refuse)
    assert OtherLoad().cores() == 0
