"""The home page: a canvas that the example answers, or a network of one's own; runs as cards; and no torch to show it."""

import re
import subprocess
import sys
from base64 import b64decode

import pytest

from core.runs.example import example
from core.runs.metadata import change_metadata
from pages.components.classify import run_choice
from pages.components.classify.run_choice import network_for_digits
from tests.helpers import with_plain_spaces
from tests.pages.apps import ROOT, markup, open_app, words
from tests.pages.fake_runs import fake_run, running
from tests.pages.trained import train


@pytest.fixture
def came_along(monkeypatch, runs_folder):
    monkeypatch.delenv("TRAINDESK_EXAMPLE")
    return example()


def test_the_example_answers_until_there_is_a_good_network_of_ones_own(
    came_along, runs_folder, data_folder, monkeypatch
):
    assert network_for_digits() == came_along
    text = words(open_app())
    assert "Draw a digit in the box." in text and "Here answers" in text and "Example: handwritten digits" in text
    fake_run(runs_folder, "finished")  # without a network
    with running(fake_run(runs_folder, "starting")):
        assert network_for_digits() == came_along, "one that learns still does not answer yet"
    own = train(runs_folder, data_folder, epochs=1)
    change_metadata(own, title="My own digits")
    assert network_for_digits() == came_along, "after one short epoch it reads few of them"
    monkeypatch.setattr(run_choice, "GOOD", 0.0)
    assert network_for_digits() == own
    best = train(runs_folder, data_folder, epochs=3)
    worst = train(runs_folder, data_folder, epochs=1)
    assert network_for_digits() == best != worst, "not the newest, the one that reads most"
    change_metadata(best, title="My own digits")
    assert "My own digits" in words(open_app())


def test_without_any_network_the_page_stands(runs_folder):
    app = open_app()
    assert "Here answers" not in words(app) and "start demo" in [button.key for button in app.button]


def test_what_runs_now_and_recent_runs_are_cards_with_their_scores(runs_folder):
    fake_run(runs_folder, "finished")
    with running(fake_run(runs_folder, "starting")):
        text = with_plain_spaces(words(open_app()))
    assert text.index("Now") < text.index("33 % done, 86.5 % validation") < text.index("Recent runs")
    assert "96.8 % test" in text and text.count("validation accuracy from") == 2


@pytest.mark.parametrize(("images", "of_what"), [(100, ""), (50, ", on a part of the validation pictures")])
def test_a_curve_is_drawn_within_the_first_epoch(runs_folder, images, of_what):
    with running(fake_run(runs_folder, "starting"), done=0) as log:
        for step, accuracy in enumerate((0.31, 0.52, 0.64), start=1):
            log.write("validation", epoch=1, step=step, images=images, **{"val/accuracy": accuracy, "val/loss": 1.0})
            said = with_plain_spaces(words(open_app()))
            assert ("no curve yet" in said) == (step == 1)
    assert f"validation accuracy from 31.0 % to 64.0 %{of_what}" in said
    assert said.count("on a part") == bool(of_what)


def test_a_curve_that_never_changes_is_in_the_middle_and_not_on_the_floor(runs_folder):
    with running(fake_run(runs_folder, "starting"), done=0) as log:
        for step in (1, 2, 3):
            log.write("validation", epoch=1, step=step, images=100, **{"val/accuracy": 1.0, "val/loss": 0.1})
        drawn = re.search('cardcurve"><img [^>]*base64,([^"]+)"', markup(open_app()))
    assert drawn
    assert set(re.findall(r"\d,([\d.]+)", b64decode(drawn[1]).decode())) == {"16.00"}


def test_what_has_ended_waits_for_no_curve(runs_folder):
    """A slow epoch has one: validations within it."""
    fake_run(runs_folder, "finished", 1)
    now, recent = words(open_app()).split("Recent runs")
    assert "no curve yet" not in now
    assert "no curve: one takes two epochs" in recent


def test_torch_is_not_imported_to_show_it():
    """First paint at most two seconds: torch alone takes two."""
    program = (
        "import sys\n"
        "from tests.pages.apps import open_app, words\n"
        "assert 'Here answers' in words(open_app())\n"
        "assert 'torch' not in sys.modules\n"
    )
    environment = {"PATH": "", "HOME": "/tmp", "TRAINDESK_STANDBY": "0"}
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240
    )
    assert result.returncode == 0, result.stderr[-2000:]
