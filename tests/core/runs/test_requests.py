"""What people ask of a run while it trains, as its worker sees it."""

import signal
import threading

import pytest

from core.runs import requests as module
from core.runs.requests import Requests
from core.runs.store import create_run
from tests.helpers import quick_config


@pytest.fixture
def run(runs_folder, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0)
    return create_run(quick_config(), runs_folder)


def test_nothing_asked_is_nothing(run):
    requests = Requests(run)
    assert requests.end() is None and requests.learning_rate() is None and not requests.was_signalled


@pytest.mark.parametrize("kind", ["stop", "pause"])
def test_an_end_is_asked_for_by_a_file(kind, run):
    requests = Requests(run)
    assert requests.end() is None
    getattr(run, f"request_{kind}")()
    assert requests.end() == kind and not requests.was_signalled
    requests.clear()
    assert not run.stop_request.exists() and not run.pause_request.exists()
    assert requests.end() == kind, "it was asked for all the same"


def test_a_stop_outdoes_a_pause(run):
    run.request_pause()
    run.request_stop()
    assert Requests(run).end() == "stop"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_pause_at_once(number, run, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 1000)
    requests = Requests(run)
    assert requests.end() is None
    signal.raise_signal(number)  # os.kill would end this process on Windows
    assert requests.end() == "pause" and requests.was_signalled


def test_signals_of_a_training_in_a_thread_are_left_alone(run):
    before = signal.getsignal(signal.SIGTERM)
    made = []
    thread = threading.Thread(target=lambda: made.append(Requests(run)))
    thread.start()
    thread.join()
    assert made and signal.getsignal(signal.SIGTERM) is before


def test_the_folder_is_looked_at_now_and_then(run, monkeypatch):
    """A look at every step would cost a small network 1 % of its time."""
    clock = [100.0]
    monkeypatch.setattr(module, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    requests = Requests(run)
    assert requests.end() is None
    run.request_stop()
    clock[0] += 0.01
    assert requests.end() is None
    clock[0] += 0.02
    assert requests.end() == "stop"


def test_a_learning_rate_is_told_once(run):
    requests = Requests(run)
    run.request_learning_rate(0.025)
    assert requests.learning_rate() == 0.025 and requests.learning_rate() is None
    assert not run.learning_rate_request.exists()
    run.request_learning_rate(0.5)
    run.request_learning_rate(1e-7)
    assert requests.end() is None
    assert requests.learning_rate() == 1e-7, "the newest, also when the look was for something else"


@pytest.mark.parametrize("text", ["", "fast", "nan", "inf", "-0.1", "0", "0.1 0.2", "\x00", "9" * 5000])
def test_what_is_no_learning_rate_is_passed_over(text, run):
    requests = Requests(run)
    run.learning_rate_request.write_text(text)
    assert requests.learning_rate() is None
    assert not run.learning_rate_request.exists(), "and not looked at again"
    run.request_learning_rate(0.1)
    assert requests.learning_rate() == 0.1


def test_bytes_that_are_no_text_are_passed_over(run):
    run.learning_rate_request.write_bytes(b"\xff\xfe\x00")
    assert Requests(run).learning_rate() is None


def test_a_folder_that_is_gone_is_the_end(run):
    requests = Requests(run)
    assert requests.end() is None
    elsewhere = run.folder.rename(run.folder.with_name("elsewhere"))
    assert requests.end() == "gone" == Requests(run).end(), "also before what people asked in it"
    elsewhere.rename(run.folder)
    assert Requests(run).end() is None
