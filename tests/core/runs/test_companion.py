"""Two runs that learn in step: neither runs ahead, and neither waits for one that will not come."""

import math
import threading
import time

import pytest
from filelock import FileLock

from core.runs import companion
from core.runs.companion import AHEAD, InStep, companion_of, learn_in_step
from core.runs.store import create_run
from tests.helpers import quick_config, wait_until


@pytest.fixture
def pair(runs_folder):
    first, second = (create_run(quick_config(title=title), runs_folder) for title in ("first", "second"))
    learn_in_step(first, second)
    learn_in_step(second, first)
    return first, second


def never() -> bool:
    return False


def in_thread(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_the_one_ahead_waits_until_the_other_has_caught_up(pair):
    first, second = pair
    with FileLock(second.worker_lock):
        ahead, behind = InStep(first), InStep(second)
        ahead.wait(AHEAD, never)  # so far it may go
        thread = in_thread(lambda: ahead.wait(0.5, never))
        behind.wait(0.2, never)
        thread.join(0.2)
        assert thread.is_alive(), "0.3 ahead"
        behind.wait(0.5 - AHEAD, never)
        thread.join(240)
        assert not thread.is_alive()


def test_both_stay_together_whoever_is_faster(pair):
    shares = [0.0, 0.0]
    widest = 0.0

    def train(me: int, pause: float) -> None:
        nonlocal widest
        with FileLock(pair[me].worker_lock):
            step = InStep(pair[me])
            wait_until(lambda: pair[1 - me].worker_lock.exists())
            for done in range(1, 101):
                time.sleep(pause)
                shares[me] = done / 100
                step.wait(done / 100, never)
                widest = max(widest, abs(shares[0] - shares[1]))

    threads = [in_thread(lambda: train(0, 0.0)), in_thread(lambda: train(1, 0.005))]
    for thread in threads:
        thread.join(60)
    assert shares == [1.0, 1.0] and 0 < widest <= 0.1


@pytest.mark.parametrize("how", ["never begun", "ended", "queued", "gone"])
def test_nobody_waits_for_one_that_no_process_works_on(pair, how):
    first, second = pair
    if how == "ended":
        second.worker_lock.touch()
        second.event_log.write_text('{"event": "failed", "time": 1, "message": "No."}\n')
    if how == "queued":
        second.queue_place.write_text("{}")
    step = InStep(first)
    if how == "gone":
        second.config_file.unlink()
    in_thread(lambda: step.wait(0.9, never)).join(240)
    done = threading.Event()
    in_thread(lambda: (step.wait(0.91, never), done.set()))
    assert done.wait(240)


def test_one_that_begins_later_is_waited_for_from_then_on(pair, monkeypatch):
    monkeypatch.setattr(companion, "ALIVE_SECONDS", 0.0)
    first, second = pair
    step = InStep(first)
    step.wait(0.5, never)
    with FileLock(second.worker_lock):
        thread = in_thread(lambda: step.wait(0.6, never))
        thread.join(0.2)
        assert thread.is_alive()
    thread.join(240)
    assert not thread.is_alive(), "its process ended"


def test_one_that_stands_still_is_given_up(pair, monkeypatch):
    monkeypatch.setattr(companion, "PATIENCE", 0.1)
    first, second = pair
    with FileLock(second.worker_lock):
        step = InStep(first)
        in_thread(lambda: step.wait(0.5, never)).join(240)
        begun = time.monotonic()
        for share in range(50, 100):
            step.wait(share / 100, never)
        assert time.monotonic() - begun < 2, "it asks no more"


def test_a_stop_ends_the_waiting(pair):
    first, second = pair
    stop = threading.Event()
    with FileLock(second.worker_lock):
        thread = in_thread(lambda: InStep(first).wait(0.5, stop.is_set))
        thread.join(0.1)
        assert thread.is_alive()
        stop.set()
        thread.join(240)
        assert not thread.is_alive()


@pytest.mark.parametrize("text", ["", "../elsewhere", "nobody", "\udcff", "/etc"])
def test_a_damaged_companion_is_none(pair, text):
    first, _ = pair
    (first.folder / "companion").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert companion_of(first) is None
    InStep(first).wait(1.0, never)


def test_a_run_is_not_its_own_companion(pair):
    first, _ = pair
    learn_in_step(first, first)
    assert companion_of(first) is None


def test_without_a_companion_nothing_is_written(runs_folder):
    run = create_run(quick_config(), runs_folder)
    InStep(run).wait(math.pi, never)
    assert [path.name for path in run.folder.iterdir()] == ["config.json"]
