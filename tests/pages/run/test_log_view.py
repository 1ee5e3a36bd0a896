"""The log of a run in a fold: every kind of event a line that people understand, whatever the log holds."""

import re

from core.runs.events import EventWriter
from pages.components.run.log_view import in_a_line
from tests.helpers import with_plain_spaces
from tests.pages.apps import open_app, words
from tests.pages.fake_runs import fake_run, running, write_epoch


def opened(run):
    app = open_app("run", run=run.id)
    app.session_state[f"log {run.id}"] = True
    return with_plain_spaces(words(app.run()))


def test_what_happens_stands_in_it_newest_last(runs_folder):
    run = fake_run(runs_folder, "starting")
    with running(run, done=1) as log:
        assert "epoch 1 done" not in words(open_app("run", run=run.id)), "folded"
        text = opened(run)
        assert text.index("started on CPU, bfloat16, 2 threads: 640 training pictures, 120 steps") < text.index(
            "step 20: loss 1.54, learning rate 0.001, 900 pictures/s"
        )
        assert "epoch 1 done: loss 1, accuracy 63.2 %; validation loss 1.1, accuracy 63.2 %, the best so far" in text
        log.write("learning_rate", step=21, learning_rate=0.00005)
        log.write("notice", message="A batch is <computed> in pieces.")
        write_epoch(log, 2)
        text = opened(run)
        assert (
            "step 21: learning rate changed to 0.00005" in text and "notice: A batch is <computed> in pieces." in text
        )
        assert text.index("epoch 1 done") < text.index("epoch 2 done")


def test_what_the_process_printed_is_below(runs_folder):
    text = opened(fake_run(runs_folder, "failed"))
    assert "failed: The memory of the GPU is full" in text and "OutOfMemoryError" in text


def test_only_the_end_of_a_long_log_is_shown_and_nothing_of_a_half_line(runs_folder):
    run = fake_run(runs_folder, "finished")
    log = EventWriter(run.event_log)
    for number in range(3000):
        log.write("notice", message=f"number {number} of many, {'long ' * 10}")
    log.close()
    shown = re.findall(r"notice: number (\d+) of many", opened(run))
    assert shown == [str(number) for number in range(2800, 3000)]


def test_what_is_missing_of_an_event_does_not_matter():
    kinds = "started resumed resuming step epoch validation learning_rate test download preparing finished odd".split()
    kinds += ["playback", "waited"]
    lines = [in_a_line({"event": kind}) for kind in kinds]
    assert all(line.startswith("--:--:--  ") for line in lines) and "loss not finite" in lines[3]


def test_before_anything_has_happened_it_says_so(runs_folder):
    assert "Nothing has happened yet." in opened(fake_run(runs_folder, "queued"))


def test_how_it_computes_and_why_stands_with_the_device():
    started = {"event": "started", "device": "cpu", "precision": "bfloat16", "threads": 1, "total_steps": 9}
    line = in_a_line({**started, "layout": "channels last", "why": "measured here: 2.0 times as fast"})
    assert line.endswith("9 steps (channels last, measured here: 2.0 times as fast)")
    assert "started on CPU, bfloat16, 1 thread:" in line
    assert in_a_line(started).endswith("9 steps")


def test_slow_motion_and_waiting_are_told_with_their_seconds():
    assert in_a_line({"event": "playback", "step": 3, "epoch_seconds": 1.0}).endswith("an epoch lasts at least 1 s")
    assert in_a_line({"event": "waited", "step": 3, "seconds": 75.2}).endswith(
        "step 3: waited 1 min 15 s for someone to go on"
    )
