"""What of a computer is left while runs are handed out, and on which device each is."""

import pytest

from core.workers.room import Room, Wish


@pytest.mark.parametrize(
    ("gpus", "wanted", "expected"),
    [
        ((), ["auto", "cpu", "cuda"], [True, True, False]),  # without a GPU all is for the CPU
        (("cuda:0",), ["auto", "auto", "cpu"], [True, False, True]),
        (("cuda:0", "cuda:1"), ["auto", "cuda", "auto"], [True, True, False]),
        (("cuda:0", "cuda:1"), ["cuda:1", "cuda:1", "cuda:0"], [True, False, True]),
        (("cuda:0", "cuda:1"), ["cuda:0", "auto", "auto"], [True, True, False]),
        (("mps",), ["auto", "mps", "cpu", "cpu"], [True, False, True, True]),
        (("cuda:0",), ["cpu", "cpu", "cpu", "auto"], [True, True, False, True]),
    ],
)
def test_one_run_on_each_gpu_and_two_on_the_cpu(gpus, wanted, expected):
    room = Room(2, gpus)
    assert [bool(room.take(Wish(device))) for device in wanted] == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([("auto", 2), ("auto", 1), ("auto", 1)], [True, True, False]),
        ([("auto", 1), ("cuda", 3), ("auto", 1)], [True, False, False]),  # what is free is kept free for it
        ([("auto", 9), ("cpu", 1)], [True, True]),  # its worker says that there are only three
    ],
)
def test_a_run_on_several_gpus_takes_as_many_places(wanted, expected):
    room = Room(2, ("cuda:0", "cuda:1", "cuda:2"))
    assert [bool(room.take(Wish(device, count))) for device, count in wanted] == expected


GB = 10**9
TWO = ("cuda:0", "cuda:1")


def test_each_run_is_told_its_gpu_and_nobody_else_gets_it():
    room = Room(2, TWO)
    assert room.take(Wish("auto")) == ("cuda:0",)
    assert room.take(Wish("cuda:0")) == ()
    assert room.take(Wish("cuda")) == ("cuda:1",)
    assert room.take(Wish("cpu")) == ("cpu",)


def test_of_free_gpus_the_best_is_given():
    room = Room(2, TWO, order=lambda free: sorted(free, reverse=True))
    assert [room.take(Wish("auto")) for _ in range(3)] == [("cuda:1",), ("cuda:0",), ()]
    assert Room(1, TWO).take(Wish("auto", 2)) == TWO


def test_small_runs_share_a_gpu_up_to_four_fifths_of_its_memory_and_so_many():
    small = Wish("auto", 1, 3 * GB)
    room = Room(1, ("cuda:0",), {"cuda:0": 10 * GB}, most=3)
    assert [bool(room.take(small)) for _ in range(3)] == [True, True, False], "9 of 10 GB would be too much"
    room = Room(1, ("cuda:0",), {"cuda:0": 80 * GB}, most=3)
    assert [bool(room.take(small)) for _ in range(4)] == [True, True, True, False], "three at most"
    assert not Room(0, ("cuda:0",), {"cuda:0": 80 * GB}, most=3).is_full()


def test_a_free_gpu_comes_before_one_that_is_shared():
    room = Room(1, TWO, dict.fromkeys(TWO, 80 * GB), most=3)
    taken = [room.take(Wish("auto", 1, GB)) for _ in range(7)]
    assert [gpu for (gpu,) in taken[:6]] == ["cuda:0", "cuda:1"] * 3 and taken[6] == ()


@pytest.mark.parametrize(("first", "second"), [(0, GB), (GB, 0), (0, 0)])
def test_a_run_of_unknown_size_has_a_gpu_for_itself(first, second):
    room = Room(0, ("cuda:0",), {"cuda:0": 80 * GB}, most=3)
    assert room.take(Wish("auto", 1, first)) and not room.take(Wish("auto", 1, second))
    assert room.is_full() == (first == 0)


def test_on_a_card_of_unknown_size_nothing_is_shared():
    room = Room(0, ("cuda:0",), {}, most=3)
    assert room.take(Wish("auto", 1, GB)) and not room.take(Wish("auto", 1, GB))


def test_what_trains_faster_on_the_cpu_takes_a_gpu_only_when_no_place_is_left_there():
    room, wish = Room(1, ("cuda:0",)), Wish("auto", 1, GB, prefers_cpu=True)
    assert [room.take(wish) for _ in range(3)] == [("cpu",), ("cuda:0",), ()]


def test_a_run_counts_where_it_is():
    room = Room(2, TWO)
    room.put(("cuda:1",), Wish("auto"))
    room.put(("cpu",), Wish("auto"))
    assert room.take(Wish("cuda:1")) == () and room.take(Wish("auto")) == ("cuda:0",)
    assert [room.take(Wish("cpu")) for _ in range(2)] == [("cpu",), ()]
