"""How long will it take: a process of its own, an answer in words, gone when a setting changes."""

import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
import streamlit as st

from core.machine import questions
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.workers import tasks
from core.workers.tasks import MOST
from pages.components.train import start_bar
from pages.components.train.form_choices import MEASUREMENT
from pages.components.train.start_bar import forecast_in_words
from tests.helpers import assert_one_sentence, wait_until
from tests.pages.apps import go, open_app, run, sentence, widget, words

FOUND = {
    "device": "cpu",
    "precision": "bfloat16",
    "threads": 2,
    "parameters": 199_210,
    "trainable": 199_210,
    "memory_bytes": 930_000_000,
    "seconds_before": 0.0,
    "seconds_per_epoch": 12.6,
    "epochs": 10,
    "seconds": 126.2,
}


@pytest.fixture
def program(monkeypatch):
    """Makes `python -m core forecast` another program, given as text; returns the calls."""
    real, calls = subprocess.Popen, []

    def use(text):
        def start(command, **options):
            calls.append(command)
            return real([sys.executable, "-c", text], **options)

        monkeypatch.setattr(questions.subprocess, "Popen", start)
        return calls

    return use


def ask(app):
    widget(app, "forecast").click()
    return run(app)


def answered(app):
    wait_until(lambda: not app.session_state[MEASUREMENT].is_running(), what="the measurement ends")
    return run(app)


def test_the_answer_is_one_line_beside_start(program, runs_folder):
    calls = program(f"print({json.dumps(FOUND)!r})")
    app = ask(open_app("train", recipe="digits"))
    assert "Measuring a few real steps" in words(app) or "About" in words(app)
    text = words(answered(app))
    assert "About 2 min 10 s (13 s an epoch), 930 MB, 199,210 weights, bfloat16 on 2 threads" in text
    [command] = calls
    assert command[:3] == [sys.executable, "-m", "core.machine.questions"] and command[4:6] == ["core", "forecast"]
    assert "--json" in command


def test_the_process_is_given_the_form_as_it_stands(program, runs_folder, tmp_path):
    copy = tmp_path / "copy.json"
    program(f"import shutil; shutil.copy('config.json', {str(copy)!r})")
    app = open_app("train", recipe="digits")
    widget(app, "form:training.epochs").set_value(7)
    run(app)
    started = questions.subprocess.Popen

    def in_its_folder(command, **options):
        folder = command[command.index("--config") + 1].removesuffix("config.json")
        return started(command, **{**options, "cwd": folder})

    questions.subprocess.Popen = in_its_folder  # the fixture puts the real one back
    answered(ask(app))
    expected = find_recipe("digits").config().to_dict()
    expected["training"]["epochs"] = 7
    assert RunConfig.from_json(copy.read_text()).to_dict() == expected


def test_a_changed_setting_ends_it_and_its_answer_vanishes(program, runs_folder):
    program("import time; time.sleep(60)")
    app = ask(open_app("train", recipe="digits"))
    assert widget(app, "forecast").disabled
    process = app.session_state[MEASUREMENT].question.process
    widget(app, "form:training.epochs").set_value(7)
    run(app)
    assert process.poll() is not None, "ended at once"
    assert not widget(app, "forecast").disabled
    program(f"print({json.dumps(FOUND)!r})")
    assert "About" in words(answered(ask(app)))
    widget(app, "form:title").set_value("Only another name")
    assert "About" in words(run(app))
    widget(app, "form:training.epochs").set_value(4)
    assert "About" not in words(run(app))
    widget(app, "form:training.epochs").set_value(0)
    assert widget(run(app), "forecast").disabled


def test_an_error_of_the_engine_is_its_sentence(program, runs_folder):
    program(
        'import sys; print(\'{"error": "There was not enough memory; choose a smaller batch size."}\'); sys.exit(1)'
    )
    app = answered(ask(open_app("train", recipe="digits")))
    assert sentence(app.error[0]) == "There was not enough memory; choose a smaller batch size."
    assert not widget(app, "start").disabled


@pytest.mark.parametrize("text", ["import os; os.kill(os.getpid(), 9)", "print('[1, 2]')", "print('half a {')"])
def test_a_process_that_dies_is_one_sentence(text, program, runs_folder):
    program(text)
    app = answered(ask(open_app("train", recipe="digits")))
    assert_one_sentence(sentence(app.error[0]), "without an answer")


def test_one_that_takes_too_long_is_ended(program, runs_folder, monkeypatch):
    program("import time; time.sleep(60)")
    app = open_app("train", recipe="digits")
    monkeypatch.setattr(tasks, "LONGEST", 0.0)
    app = answered(ask(app))
    assert_one_sentence(sentence(app.error[0]), "took longer than")


def test_pictures_that_are_not_here_are_not_fetched_for_it(program, runs_folder, tmp_path, monkeypatch):
    calls = program("")
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "empty"))
    app = ask(open_app("train", recipe="cifar_cnn"))
    assert_one_sentence(sentence(app.error[0]), "CIFAR-10", "170 MB", "fetched when you start")
    assert not calls


def test_a_person_has_one_and_it_says_how_many_of_others_are_before(program, runs_folder, monkeypatch):
    program("import time; time.sleep(600)")
    monkeypatch.setattr(start_bar, "visitor", lambda: st.session_state.setdefault("who", secrets.token_hex(4)))
    apps = [ask(open_app("train", recipe="digits")) for _ in range(MOST + 2)]  # each of another visitor
    assert ["Measuring a few real steps" in words(app) for app in apps] == [True] * MOST + [False] * 2
    assert "Waits for 1 measurement of others" in words(apps[-2]) and "Waits for 2 measurements" in words(apps[-1])
    assert len([app for app in apps if app.session_state[MEASUREMENT].question]) == MOST
    for app in apps:
        widget(app, "form:training.epochs").set_value(7)
        run(app)
    assert not start_bar.measurements()._all


def test_start_ends_it(program, runs_folder, launched):
    program("import time; time.sleep(60)")
    app = ask(open_app("train", recipe="digits"))
    process = app.session_state[MEASUREMENT].question.process
    widget(app, "start").click()
    run(app)
    assert process.poll() is not None


def test_its_files_are_removed(program, runs_folder):
    calls = program(f"print({json.dumps(FOUND)!r})")
    app = answered(ask(open_app("train", recipe="digits")))
    config = Path(calls[0][calls[0].index("--config") + 1])
    assert app.session_state[MEASUREMENT].question is None and not config.parent.exists()


def test_the_real_program_answers(runs_folder):
    app = open_app("train", recipe="digits")
    widget(app, "form:architecture").set_value("mlp")
    widget(app, "form:dataset").set_value("digits")
    app = answered(ask(run(app)))
    assert not app.error
    text = words(app)
    assert " an epoch), " in text and " weights, " in text and "thread" in text
    run(go(app, "runs"))
    assert " an epoch), " in words(run(go(app, "train"))), "still there after a look at another page"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"trainable": 5_130, "parameters": 11_181_642}, "11,181,642 weights, 5,130 of them trained,"),
        ({"seconds_before": 20.4, "seconds_per_epoch": 0.31}, "(20 s for the frozen layers, then 0.3 s an epoch)"),
        ({"device": "cuda:0"}, "bfloat16 on cuda:0"),
        ({"threads": 1}, "on 1 thread"),
        ({"automatic": "automatic: the CPU, a GPU would take 1.3 times as long"}, "; automatic: the CPU, a GPU would"),
        ({"seconds": 8000}, "About 2 h 13 min"),
        ({"memory_bytes": 41_000_000}, "41 MB"),
    ],
)
def test_the_line_says_what_counts(changes, text):
    assert text in forecast_in_words({**FOUND, **changes})
