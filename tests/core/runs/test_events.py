"""The event log: complete lines only, damage passed over, read from any offset."""

import json
import math
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runs import events
from core.runs.events import EventWriter, complete_lines, event_in, last_event, read_events


@pytest.fixture
def log(tmp_path):
    return tmp_path / "events.jsonl"


def names(events):
    return [event["event"] for event in events]


def test_what_is_written_is_read(log):
    writer = EventWriter(log)
    first = writer.write("started", parameters=5, class_names=["a", "ü"])
    second = writer.write("step", step=1, **{"train/loss": 0.5})
    events, offset = read_events(log)
    assert events == [first, second]
    assert offset == log.stat().st_size
    assert first["time"] <= second["time"]
    assert log.read_bytes().count(b"\n") == 2
    writer.close()


def test_each_event_is_on_disk_when_write_returns(log):
    writer = EventWriter(log)
    for number in range(3):
        writer.write("step", step=number)
        assert last_event(log)["step"] == number
    writer.close()


def test_reading_goes_on_from_the_offset(log):
    writer = EventWriter(log)
    writer.write("started")
    _, offset = read_events(log)
    assert read_events(log, offset) == ([], offset)
    writer.write("step", step=1)
    events, further = read_events(log, offset)
    assert names(events) == ["step"] and further > offset
    writer.close()


def test_a_missing_log_is_empty(log):
    assert read_events(log) == ([], 0)
    assert read_events(log, 7) == ([], 7)
    assert last_event(log) is None
    log.touch()
    assert read_events(log) == ([], 0)
    assert last_event(log) is None


def test_a_half_line_waits_for_its_end(log):
    log.write_bytes(b'{"event":"started"}\n{"event":"st')
    events, offset = read_events(log)
    assert names(events) == ["started"]
    assert names(read_events(log, offset)[0]) == []
    assert last_event(log)["event"] == "started"
    with log.open("ab") as file:
        file.write(b'ep"}\n')
    assert names(read_events(log, offset)[0]) == ["step"]
    assert last_event(log)["event"] == "step"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json",
        b'{"event":',
        b"null",
        b"[1]",
        b'"event"',
        b"{}",
        b'{"event":5}',
        b"\xff\xfe\x00",
        b"{" * 20,
        b"[" * 200_000,
        b'{"event":"step"\x00}',
    ],
    ids=lambda line: repr(line[:12]),
)
def test_a_damaged_line_is_passed_over(line, log):
    log.write_bytes(b'{"event":"started"}\n' + line + b'\n{"event":"finished"}\n')
    assert names(read_events(log)[0]) == ["started", "finished"]
    log.write_bytes(b'{"event":"started"}\n' + line + b"\n")
    assert last_event(log)["event"] == "started"


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(tmp_path_factory, data):
    log = tmp_path_factory.mktemp("log") / "events.jsonl"
    log.write_bytes(data)
    events, offset = read_events(log)
    assert 0 <= offset <= len(data)
    assert last_event(log) == (events[-1] if events else None)


@given(st.integers(1, 400))
def test_a_log_cut_anywhere_loses_at_most_its_last_line(tmp_path_factory, cut):
    log = tmp_path_factory.mktemp("log") / "events.jsonl"
    lines = [json.dumps({"event": "step", "step": number}).encode() + b"\n" for number in range(10)]
    whole = b"".join(lines)
    log.write_bytes(whole[: min(cut, len(whole))])
    assert len(read_events(log)[0]) == min(cut, len(whole)) // len(lines[0])


def test_a_writer_after_a_killed_one_ends_the_half_line_first(log):
    log.write_bytes(b'{"event":"started"}\n{"event":"st')
    writer = EventWriter(log)
    writer.write("failed", message="x")
    writer.close()
    assert names(read_events(log)[0]) == ["started", "failed"]


@pytest.mark.parametrize("written", [0, 5], ids=["nothing of the line", "a part of it"])
def test_a_full_disk_is_told_and_spoils_no_later_line(written, log):
    writer = EventWriter(log)
    writer.write("started")

    class Full:
        """A file on a disk with room for so many bytes."""

        name = str(log)

        def __init__(self, file):
            self.file = file

        def write(self, line):
            if written:
                return self.file.write(line[:written])
            raise OSError(28, "No space left on device")

    whole, writer._file = writer._file, Full(writer._file)
    for _ in range(2):
        with pytest.raises(OSError) as caught:
            writer.write("step", step=1)
        assert caught.value.errno == 28
    writer._file = whole
    writer.write("paused", message="x")
    writer.close()
    assert names(read_events(log)[0]) == ["started", "paused"]


def test_a_writer_says_whether_the_run_has_a_past(log):
    first = EventWriter(log)
    assert not first.has_events
    first.write("started")
    first.close()
    again = EventWriter(log)
    assert again.has_events
    again.close()


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set_changes_no_time(jump, log, monkeypatch):
    writer, now = EventWriter(log), time.time()
    before = writer.write("step", step=1)["time"]
    monkeypatch.setattr(time, "time", lambda: now + jump)
    after = writer.write("step", step=2)["time"]
    writer.close()
    assert before <= after and abs(after - now) < 10_000
    assert abs(EventWriter(log).write("resuming")["time"] - now - jump) < 10_000, "the next process has the new clock"


def test_numbers_that_are_not_finite_become_null(log):
    writer = EventWriter(log)
    event = writer.write("epoch", loss=math.nan, deep={"a": [math.inf, 1.5, (-math.inf,)]}, whole=3)
    writer.close()
    assert event["loss"] is None and event["deep"] == {"a": [None, 1.5, [None]]} and event["whole"] == 3
    text = log.read_text()
    assert "NaN" not in text and "Infinity" not in text
    assert read_events(log)[0] == [event]


def test_text_with_line_breaks_stays_on_its_line(log):
    writer = EventWriter(log)
    message = "one\ntwo\r\nthree\u2028four\x85five"
    writer.write("failed", message=message)
    writer.close()
    assert read_events(log)[0][0]["message"] == message


@pytest.mark.parametrize("filler", [1, 1000, 100_000, 700_000])
def test_the_last_event_of_a_long_log_is_found_whatever_its_length(filler, log):
    lines = [json.dumps({"event": "step", "step": number}) for number in range(20_000)]
    last = json.dumps({"event": "test", "filler": "x" * filler})
    log.write_text("\n".join([*lines, last]) + "\n")
    assert last_event(log)["event"] == "test"
    log.write_text("\n".join([*lines, last]) + "\n" + "damage " * min(filler, 100_000))
    assert last_event(log)["event"] == "test"


def test_the_last_event_is_found_without_reading_a_long_log_and_without_parsing_what_comes_before(log, monkeypatch):
    """A page asks for it several times a second, of a log with half a thousand lines in each 64 KiB."""
    log.write_text('{"event":"step"}\n' * 200_000 + "damaged\n")
    read, parsed = [], []
    monkeypatch.setattr(events, "complete_lines", lambda *which: (read.append(data := complete_lines(*which)), data)[1])
    monkeypatch.setattr(events, "event_in", lambda line: (parsed.append(line), event_in(line))[1])
    assert last_event(log) == {"event": "step"}
    assert parsed == [b"damaged", b'{"event":"step"}'] and sum(map(len, read)) <= 64 * 1024


def test_a_reader_beside_a_writer_sees_every_event_once(log):
    def write():
        writer = EventWriter(log)
        for number in range(2000):
            writer.write("step", step=number)
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    seen, offset = [], 0
    while thread.is_alive():
        events, offset = read_events(log, offset)
        seen += events
    thread.join()
    seen += read_events(log, offset)[0]
    assert [event["step"] for event in seen] == list(range(2000))


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("step", "Infinity"),
        ("step", "-1"),
        ("step", "1.5"),
        ("step", "true"),
        ("epoch", "1" + "0" * 400),
        ("time", "1e300"),
        ("val/accuracy", '"high"'),
        ("val/accuracy", "true"),
        ("val/accuracy", "1e300"),
        ("test/f1", "-0.1"),
        ("message", "[1]"),
        ("best", "1"),
        ("class_names", '["a", 1]'),
        ("class_names", '"abc"'),
        ("per_class", '[{"class": "a", "images": "many"}]'),
        ("confusion_matrix", "[[1, 2], [3]]"),
        ("confusion_matrix", "[[-1]]"),
        ("learning_rate", "{}"),
        ("seconds", "-2"),
    ],
)
def test_a_value_that_is_not_what_its_name_promises_is_left_out(name, odd, log):
    log.write_text(f'{{"event": "epoch", "note": "stays", "{name}": {odd}}}\n')
    [event], _ = read_events(log)
    assert event.get(name) is None and event["note"] == "stays"


def test_a_folder_in_place_of_a_log_is_an_empty_one(log):
    log.mkdir()
    assert read_events(log) == ([], 0)
    assert last_event(log) is None


ODD = [
    math.inf,
    -math.inf,
    math.nan,
    2**63 - 1,
    2**63,
    -(2**63),
    -(2**63) - 1,
    [1e999],
    {"a": 2**80},
    "\ud800",
    None,
    True,
    0.5,
    3,
]


@pytest.mark.parametrize("value", ODD, ids=ascii)
@pytest.mark.parametrize("name", ["time", "step", "train/loss", "message", "anything"])
def test_the_quick_way_to_read_a_line_gives_what_the_careful_one_gives(name, value, monkeypatch):
    line = json.dumps({"event": "step", name: value}).encode()
    quick = events.event_in(line)
    monkeypatch.setattr(events, "_plain", lambda _: None)
    assert quick == events.event_in(line)
