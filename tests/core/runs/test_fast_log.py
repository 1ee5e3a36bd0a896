"""Large logs, read as columns: the same as line by line, whatever is in them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from core.runs import fast_log, history
from core.runs.events import events_in
from core.runs.fast_log import pieces
from core.runs.history import History
from core.runs.store import Run

numbers = some.one_of(some.none(), some.floats(allow_nan=False, allow_infinity=False), some.integers(-9, 9))
steps = some.fixed_dictionaries(
    {"event": some.just("step"), "step": some.integers(1, 10**6), "time": some.floats(0, 2e9), "train/loss": numbers},
    optional={
        "learning_rate": numbers,
        "images_per_second": numbers,
        "train/accuracy": numbers,
        "epoch": some.integers(1, 99),
    },
)
validations = some.fixed_dictionaries(
    {"event": some.just("validation"), "step": some.integers(1, 10**6), "time": some.floats(0, 2e9)},
    optional={"val/loss": numbers, "val/accuracy": numbers, "images": some.integers(1, 99)},
)
others = some.one_of(
    some.fixed_dictionaries({"event": some.just("epoch"), "epoch": some.integers(1, 9), "step": some.integers(0, 99)}),
    some.fixed_dictionaries({"event": some.just("notice"), "message": some.text()}),
    some.fixed_dictionaries({"event": some.just("resumed"), "step": some.integers(0, 500), "epoch": some.just(0)}),
    some.just({"event": "finished", "message": 'a "quoted" \n word'}),
)
lines = some.one_of(steps, steps, steps, validations, others).map(lambda event: json.dumps(event).encode())
damage = some.sampled_from(
    [
        b"",
        b"{",
        b"[]",
        b'{"event":5}',
        b'{"step":1}',
        b'{"event":"step","step":null}',
        b'{"event":"validation"}',
        b"\xff\xfe",
        b"17",
    ]
)
damaged = some.one_of(lines, lines, lines, damage, some.just(b'{"event":"step","step":"x","train/loss":1}'))


def read(folder, data, at_once, monkeypatch):
    run = Run(folder)
    run.event_log.write_bytes(data)
    monkeypatch.setattr(history, "AT_ONCE", at_once)
    return History(run).update()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("log")


@settings(max_examples=150, deadline=None)
@given(log=some.lists(damaged, max_size=60), half=some.sampled_from([b"", b'{"event":"st', b'{"event":"finished"}']))
def test_columns_give_what_lines_give(log, half, folder):
    data = b"".join(line + b"\n" for line in log) + half
    with pytest.MonkeyPatch.context() as patch:
        slow = read(folder, data, 1 << 24, patch)
        patch.setattr(history, "LARGE", 0)
        for at_once in (1 << 24, 300):
            assert read(folder, data, at_once, patch) == slow


@settings(max_examples=50, deadline=None)
@given(log=some.lists(lines, min_size=1, max_size=60))
def test_whole_logs_are_read_as_columns(log):
    data = b"".join(line + b"\n" for line in log)
    found = pieces(data)
    assert found is not None
    columns, events = [], []
    for piece in found:
        (events if isinstance(piece, dict) else columns).append(piece)
    assert sum(len(piece.columns["step"]) for piece in columns) + len(events) == len(log)
    assert all(event in events_in(data) for event in events)


@pytest.mark.parametrize("line", [b"", b"{", b"[1]", b'{"event":"step","step":"x"}'])
def test_a_damaged_line_is_left_to_the_other_way(line):
    assert pieces(b'{"event":"step","step":1}\n' + line + b"\n") is None


def test_a_line_longer_than_a_block_is_read(folder, monkeypatch):
    monkeypatch.setattr(history, "LARGE", 0)
    monkeypatch.setattr(fast_log, "BLOCK", 1000)
    long = json.dumps({"event": "test", "time": 1, "confusion_matrix": [[7] * 100] * 100}).encode()
    names = {"epochs": 1, "total_steps": 1, "class_names": ["a"] * 100}
    begin = json.dumps({"event": "started", "time": 1, **names}).encode() + b"\n"
    log = begin + b'{"event":"step","time":1,"step":1,"train/loss":1.0}\n'
    found = read(folder, log + long + b"\n", 50, monkeypatch)
    assert found.steps == [1] and found.test["confusion_matrix"][99][99] == 7
