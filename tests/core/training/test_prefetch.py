"""Work ahead of time: order, how far ahead, and that its thread always ends."""

import dataclasses
import threading

import pytest
import torch

from core.training.batches import pictures
from core.training.prefetch import ahead_of_time
from core.training.sampling import batch_bounds
from tests.core.short import EACH_KIND
from tests.core.training.trained import CPU
from tests.helpers import quick_config, wait_until


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ahead of time")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert threads() == []


@pytest.mark.parametrize("ahead", [1, 3, 100])
def test_items_come_in_their_order_from_another_thread(ahead):
    makers = set()

    def items():
        for number in range(50):
            makers.add(threading.current_thread())
            yield number

    assert list(ahead_of_time(items(), ahead)) == list(range(50))
    assert len(makers) == 1 and threading.current_thread() not in makers


def test_no_items():
    assert list(ahead_of_time([])) == []


def test_only_a_few_items_are_made_ahead():
    made = []
    loading = ahead_of_time((made.append(number) or number for number in range(100)), 3)
    assert next(loading) == 0
    wait_until(lambda: len(made) == 4, what="one is given away and three wait")
    assert next(loading) == 1
    wait_until(lambda: len(made) == 5)
    loading.close()
    assert len(made) == 5


def test_nothing_is_made_before_the_first_is_asked_for():
    made = []
    loading = ahead_of_time(made.append(number) for number in range(3))
    loading.close()
    assert made == []


def test_an_error_is_raised_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise ZeroDivisionError("in the thread")

    seen = []
    with pytest.raises(ZeroDivisionError, match="in the thread"):
        for item in ahead_of_time(items(), 10):
            seen.append(item)
    assert seen == [1, 2]


@pytest.mark.parametrize("ahead", [1, 3, 1000])
@pytest.mark.parametrize("taken", [1, 2, 10])
def test_closing_early_ends_the_thread(taken, ahead):
    loading = ahead_of_time(range(1000), ahead)
    for _ in range(taken):
        next(loading)
    assert len(threads()) == 1 or ahead == 1000
    loading.close()
    assert threads() == []


def test_an_error_of_the_consumer_ends_the_thread():
    with pytest.raises(KeyError):
        for _ in ahead_of_time(range(1000)):
            raise KeyError
    assert threads() == []


@EACH_KIND
def test_batches_for_which_there_is_no_room_ahead_are_made_one_by_one(error, monkeypatch):
    data = quick_config().dataset.load(None)
    split = pictures(data.train_images[:40], data.train_labels[:40], quick_config().dataset, CPU)
    streamed, bounds = dataclasses.replace(split, streams=True), batch_bounds(40, 8)
    real, makers = type(split)._stored, []

    def short(self, start, end):
        makers.append(threading.current_thread())
        if start == 16 and threading.current_thread() is not threading.main_thread():
            raise error
        return real(self, start, end)

    monkeypatch.setattr(type(split), "_stored", short)
    found = list(streamed.batches(None, bounds))
    assert makers[-3:] == [threading.main_thread()] * 3
    for (start, end), (inputs, labels) in zip(bounds, found, strict=True):
        assert torch.equal(inputs, split.slice(start, end)[0]) and torch.equal(labels, split.labels[start:end])
