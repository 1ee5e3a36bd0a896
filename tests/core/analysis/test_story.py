"""What the demo tells holds for the numbers at every moment: of made-up ones at the edges, and of recorded demos."""

import json
import re
from pathlib import Path

import pytest

from core.analysis.story import GUESSING, MOST, SETBACK, WELL, Learner, told
from core.runs.events import EventWriter
from core.runs.history import History
from core.text.numbers import percent
from tests.helpers import with_plain_spaces
from tests.pages.fake_runs import fake_run

RECORDED = sorted((Path(__file__).parent / "recorded_demos").glob("*.json"))


CHAPTERS = (
    "know nothing",
    "moved a tiny bit",
    "has been asked about digits",
    "It begins",
    "not there yet",
    "Most digits are right",
    "misreads",
    "Both have learned",
    "Done.",
)


def learner(title, accuracy=None, test=None, status="running", progress=0.5, best=None):
    return Learner(title, status, 3, progress, accuracy, test, 360, best)


def chapter(text: str) -> int | None:
    """How far the story is; None where it tells of an up and down."""
    if "Up and down" in text:
        return None
    return next(place for place, words in enumerate(CHAPTERS) if words in text) if "still guess" not in text else 2


@pytest.mark.parametrize(
    ("mlp", "cnn", "parts"),
    [
        ((0.12,), (0.2,), ("It begins",)),
        ((0.12,), (0.19,), ("They still guess", "one is right by luck")),
        ((0.5,), (0.71,), ("The CNN is ahead", "MLP reads 50.0 %", "CNN reads 71.0 %")),
        ((0.71,), (0.5,), ("The MLP is ahead",)),
        ((0.923,), (None,), ("The MLP has been asked", "92.3 %", "the CNN is asked in a moment")),
        ((0.3,), (0.97,), ("The CNN reads most digits now, the MLP is not there yet",)),
        ((0.9,), (0.97,), ("Most digits are right", "90.0 %", "97.0 %")),
        ((0.979,), (0.997,), ("misreads 21", "misreads 3", "The CNN is ahead")),
        ((0.98,), (0.98,), ("misreads 20",)),
        ((0.96, 0.95), (0.99, 0.99), ("Of 360 digits", "the CNN reads 99.0 % and the MLP 95.0 %")),
        ((0.96, 0.99), (0.99, 0.95), ("the MLP reads 99.0 % and the CNN 95.0 %",)),
        ((0.96, 0.9999), (0.99, 0.9998), ("both read 99.9 %",)),
    ],
)
def test_what_is_told_follows_the_numbers(mlp, cnn, parts):
    text = with_plain_spaces(told(learner("MLP", *mlp), learner("CNN", *cnn)))
    assert all(part in text for part in parts), text
    assert len(text) < 330 and text.endswith((".", "?"))


def test_a_figure_that_falls_does_not_turn_the_story_back():
    wobbles = told(learner("MLP", 0.94, best=0.951), learner("CNN", 0.97, best=0.98))
    assert "misreads 60" in wobbles and "misreads 30" in wobbles
    assert "Most digits are right" in told(learner("MLP", 0.8, best=0.86), learner("CNN", 0.97))
    fell = told(learner("MLP", 0.4, best=0.86), learner("CNN", 0.97))
    overtaken = told(learner("MLP", 0.7, best=0.86), learner("CNN", 0.8))
    assert all("Up and down" in text and "The CNN is ahead" in text for text in (fell, overtaken))


def test_before_the_first_step_and_before_the_first_question():
    assert "they know nothing" in told(learner("MLP", progress=0), learner("CNN", progress=0))
    for first, second in ((0.01, 0), (0, 0.01)):
        text = told(learner("MLP", progress=first), learner("CNN", progress=second))
        assert "know nothing" not in text and "moved a tiny bit" in text


def test_a_network_that_has_made_no_step_is_being_set_up():
    for mlp, cnn in (
        (learner("MLP", 0.9), learner("CNN", progress=0)),
        (learner("CNN", 0.9), learner("MLP", progress=0)),
    ):
        text = told(mlp, cnn)
        assert f"the {cnn.title} is still being set up." in text and "in a moment" not in text and "Both" not in text


def test_after_the_last_step_the_test_is_awaited():
    text = told(learner("MLP", 0.98, progress=1), learner("CNN", 0.99, 0.99, progress=1))
    assert "Both have learned" in text and "misreads" not in text


@pytest.mark.parametrize(
    ("status", "part"),
    [
        ("failed", "ended by an error"),
        ("interrupted", "was interrupted"),
        ("stopped", "was stopped"),
        ("queued", "room"),
    ],
)
def test_what_prevents_it_is_told(status, part):
    assert part in told(learner("MLP", 0.9), learner("CNN", None, status=status))


def test_the_newest_accuracy_counts_be_it_of_an_epoch_or_within_one(runs_folder):
    run = fake_run(runs_folder, "interrupted", epochs=1)
    history = History(run).update()
    ended = history.epochs[-1]
    one = Learner.of("MLP", "running", history)
    assert one.accuracy == one.best == ended["val/accuracy"] and one.epoch == 1
    log = EventWriter(run.event_log)
    for images, accuracy in ((100, 0.875), (50, 0.125)):  # a part of the pictures is not what the chart shows
        log.write(
            "validation", epoch=2, step=ended["step"] + 5, images=images, **{"val/accuracy": accuracy, "val/loss": 1.0}
        )
    log.close()
    two = Learner.of("MLP", "running", history.update())
    assert two.accuracy == 0.875 and two.best == max(0.875, ended["val/accuracy"])


def check(text: str, first: Learner, second: Learner) -> None:
    """What every sentence claims, held against the numbers."""
    both = (first, second)
    known = [one.accuracy for one in both if one.accuracy is not None]
    best = [one.reached for one in both]
    figures = {percent(one) for one in known} | {percent(one.test) for one in both if one.test is not None}
    assert set(re.findall(r"\d+\.\d\s%", text)) <= figures, text
    claims = {
        "know nothing": first.progress == second.progress == 0 and not known,
        "guess": not known or max(known) < GUESSING,
        "It begins": len(known) == 2 and max(known) < MOST and max(best) >= GUESSING,
        "Most digits are right": len(known) == 2 and min(known) >= MOST - SETBACK and min(best) >= MOST,
        "not there yet": len(known) == 2 and min(known) < MOST <= max(best) and max(known) >= MOST - SETBACK,
        "misreads": len(known) == 2 and min(best) >= WELL and min(known) >= WELL - SETBACK,
        "Up and down": len(known) == 2 and min(known) < max(best),
        "In a moment they read yours": min(one.progress for one in both) >= 0.7,
        "Done.": all(one.test is not None and one.progress == 1 for one in both),
    }
    for words, holds in claims.items():
        assert holds or words not in text, (text, both)
    for title in re.findall(r"The (\w+) is ahead", text):
        ahead, other = both if both[0].title == title else both[::-1]
        assert ahead.accuracy > other.accuracy, text
    for title, wrong in re.findall(r"the (\w+) misreads (\d+)", text):
        accuracy = next(one.accuracy for one in both if one.title == title)
        assert abs(int(wrong) - 1000 * (1 - accuracy)) <= 0.51, text


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_of_a_recorded_demo_every_sentence_holds(path):
    """Each line of a recording: which of the two, its share of steps done, its newest validation and test accuracy."""
    now = {title: learner(title, progress=0.0) for title in ("MLP", "CNN")}
    texts = [told(*now.values())]
    for title, progress, accuracy, test in json.loads(path.read_text())["lines"]:
        best = max((value for value in (accuracy, now[title].best) if value is not None), default=None)
        now[title] = Learner(title, "running", 0, progress, accuracy, test, 10_000, best)
        texts.append(told(*now.values()))
        check(texts[-1], *now.values())
    places = [place for text in texts if (place := chapter(text)) is not None]
    assert places == sorted(places), "the story never goes back"
    assert "know nothing" in texts[0] and texts[-1].startswith("Done.")
    assert len({re.sub(r"[\d.,]+", "", text) for text in texts}) >= 4, "the story goes on"


def test_there_are_recordings():
    assert len(RECORDED) >= 4
