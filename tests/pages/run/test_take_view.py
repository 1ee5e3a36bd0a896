"""Take it with you, on a run's page: made when asked for, said how far, kept, or one sentence why not."""

import json
import subprocess
import sys

import pytest

from core.export.kept import find_kept, keep, place_for
from core.export.kinds import KINDS, MOST_WORK
from core.machine import questions
from core.runs.events import EventWriter
from pages.components.run import take_view
from tests.helpers import assert_one_sentence, wait_until
from tests.pages.apps import open_app, press, run, sentence, widget, words
from tests.pages.fake_runs import fake_run, running, write_start

WRITES = """
import json, pathlib, sys
from core.export.kept import keep
place = pathlib.Path(next(each for each in sys.argv if each.endswith(".html")))
place.write_bytes(b"made")
keep(place, {"sentence": "50 of 50 pictures get the same answer.", "bytes": 4})
print(json.dumps({"run": "x"}))
"""


@pytest.fixture
def program(monkeypatch):
    """Makes `python -m core export` another program, given as text; returns the calls."""
    real, calls = subprocess.Popen, []

    def use(text):
        def start(command, **options):
            calls.append((command, options["env"]))
            return real([sys.executable, "-c", text, *command], **options)

        monkeypatch.setattr(questions.subprocess, "Popen", start)
        return calls

    yield use
    for task in list(take_view.exports()._all):
        take_view.exports().end(task)


def over(app):
    wait_until(lambda: not take_view.exports()._all, what="it is made")
    return run(app)


def test_what_is_made_is_offered_with_what_was_shown_of_it(program, shown, runs_folder):
    calls = program(WRITES)
    app = press(open_app("run", run=shown.id), f"make page {shown.id}")
    app = over(app)
    text = words(app)
    assert "50 of 50 pictures get the same answer." in text
    assert "Save .html (1 KB)" in text
    [(command, env)] = calls
    assert command[4:7] == ["core", "export", shown.id] and {"--gently", "--keep", "--progress"} <= set(command)
    assert int(env["OMP_NUM_THREADS"]) >= 1
    again = open_app("run", run=shown.id)
    assert "Save .html" in words(again), "another visitor finds it as well"
    assert widget(again, f"make package {shown.id}")


def test_each_is_made_of_the_run_or_of_the_chosen_network_with_or_without_pictures(
    program, shown, runs_folder, patterns
):
    calls = program("print('{}')")
    app = open_app("run", run=shown.id)
    widget(app, f"taken network {shown.id}").set_value("last")
    for kind in take_view.OFFERED:
        app = over(press(app, f"make {kind} {shown.id}"))
    own = {"name": "own_images", "source": patterns.id, "side": 28}
    wide = fake_run(runs_folder, "paused", changes={"dataset": own})
    app = open_app("run", run=wide.id)
    for with_pictures in (False, True):
        widget(app, f"with pictures {wide.id}").set_value(with_pictures)
        app = over(press(run(app), f"make run {wide.id}"))
    last, pictures = ["--network", "last"], ["--pictures"]
    expected = [("page", last), ("package", last), ("script", last), ("report", []), ("run", [])]
    assert [(command[7], command[18:]) for command, _ in calls] == [*expected, ("run", []), ("run", pictures)]
    assert [command[4:7] for command, _ in calls[4:6]] == [["core", "export", each.id] for each in (shown, wide)]


def test_how_far_it_is_and_an_end_of_it(program, shown):
    program(
        "import json, pathlib, sys, time; file = sys.argv[sys.argv.index('--progress') + 1];"
        "pathlib.Path(file).write_text(json.dumps({'share': 0.4, 'words': 'Reading pictures'})); time.sleep(600)"
    )
    app = press(open_app("run", run=shown.id), f"make package {shown.id}")
    [task] = take_view.exports()._all
    wait_until(lambda: (task.question.folder / take_view.PROGRESS).exists(), what="its first word")
    assert "Reading pictures ..." in words(run(app))
    reloaded = open_app("run", run=shown.id)
    assert "As soon as" not in words(reloaded)
    app = press(app, f"cancel package {shown.id}")
    assert task.is_over and widget(app, f"make package {shown.id}")


def test_why_it_could_not_be_made_is_one_sentence(program, shown):
    program(f"print({json.dumps({'error': 'Three of 50 pictures get another answer; there is no package.'})!r})")
    app = over(press(open_app("run", run=shown.id), f"make package {shown.id}"))
    assert_one_sentence(sentence(app.error[0]), "Three of 50")
    program("raise SystemExit(3)")
    app = over(press(app, f"make package {shown.id}"))
    assert_one_sentence(sentence(app.error[0]), "exit status 3", "try again")


def test_a_run_without_a_network_says_when_there_will_be_one(runs_folder):
    made = fake_run(runs_folder, "starting")
    with running(made):
        write_start(EventWriter(made.event_log), made, 3)
        app = open_app("run", run=made.id)
    assert "Take it with you" in words(app) and "As soon as its first epoch is done." in words(app)


def test_a_better_network_is_offered_anew(shown, runs_folder):
    place = place_for(shown, runs_folder, KINDS["page"])
    place.parent.mkdir(parents=True)
    place.write_bytes(b"old")
    keep(place, {"bytes": 3})
    assert find_kept(place)
    assert "Save .html" in words(open_app("run", run=shown.id))
    shown.best.write_bytes(shown.best.read_bytes() + b" ")
    assert widget(open_app("run", run=shown.id), f"make page {shown.id}")


@pytest.mark.parametrize(
    ("seen_at", "address"),
    [
        ("http://localhost:8501/run", "http://192.168.1.7:8501/take/x"),
        ("http://127.0.0.1:8600/run", "http://192.168.1.7:8600/take/x"),
        ("https://desk.school/run?run=1", "https://desk.school/take/x"),
    ],
)
def test_others_find_it_at_the_address_of_the_network(seen_at, address, monkeypatch):
    class Here:
        url = seen_at

    monkeypatch.setattr(take_view.st, "context", Here)
    options = {"browser.serverAddress": "192.168.1.7", "server.port": 8501}
    monkeypatch.setattr(take_view.st, "get_option", options.__getitem__)
    assert take_view.address_for_others("/take/x") == address


def test_a_page_that_would_take_too_long_is_not_offered_and_why_is_said(shown):
    described = json.loads(shown.network.read_text())
    described["layers"][0]["multiply_adds"] = 3 * MOST_WORK
    shown.network.write_text(json.dumps(described))
    app = open_app("run", run=shown.id)
    assert "at most 600 million multiply-adds" in words(app) and "this network needs 1,80" in words(app)
    with pytest.raises(KeyError):
        widget(app, f"make page {shown.id}")
    assert widget(app, f"make package {shown.id}")
