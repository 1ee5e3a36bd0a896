"""Your first network: train, look at the mistakes, draw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.lessons._base import Ask, Go, Lesson, Seen, Start, Step, Teacher, Verdict, register
from core.lessons._checks import all_finished, finished, run_of, that_fit
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.predictions import read_predictions
from core.runs.summary import Summary
from core.text.numbers import percent

DIGITS = [str(digit) for digit in range(10)]
READ = ["0 of 3", "1 of 3", "2 of 3", "3 of 3"]


def configs(seen: Seen) -> list[RunConfig]:
    """The digits recipe."""
    return [find_recipe("digits").config()]


def digit_runs(seen: Seen) -> list[Summary]:
    """Trainings on MNIST."""
    return that_fit(seen, lambda config: config.dataset.name == "mnist")


def trained(seen: Seen) -> Verdict:
    """Whether a network has learned the digits."""
    verdict = all_finished(seen, digit_runs(seen), 1, "network")
    if not verdict.done:
        return verdict
    share = percent(finished(digit_runs(seen))[-1].test_accuracy)
    return Verdict(True, f"Your network reads {share} of test digits that it never saw.")


def most_missed(seen: Seen) -> list[str]:
    """The digits with the most misread test pictures of the newest network, several where they are equal."""
    for summary in reversed(finished(digit_runs(seen))):
        if said := read_predictions(run_of(seen, summary), "test"):
            missed = np.bincount(said.labels[~said.right], minlength=len(DIGITS))
            return [DIGITS[label] for label in np.flatnonzero(missed == missed.max())]
    return []


def found_mistake(seen: Seen) -> Verdict:
    """Whether they named the digit that is missed most."""
    chosen, right = seen.answers.get("missed"), most_missed(seen)
    if not right:
        return Verdict(False, "First a network has to be trained.")
    if chosen is None:
        return Verdict(False, "Look at the mistakes and choose a digit.")
    if chosen in right:
        return Verdict(True, f"Yes: of all test digits the {chosen} is misread most often.")
    return Verdict(
        False, f"Another digit is misread more often than {chosen}; count again, row by row of the confusion matrix."
    )


def has_drawn(seen: Seen) -> Verdict:
    """Whether they tried it, by what they say."""
    if (chosen := seen.answers.get("read")) is None:
        return Verdict(False, "Draw three digits and say how many were read.")
    return Verdict(True, f"Your own digits: {chosen} read.")


def newest(seen: Seen, page: str) -> tuple[str, Mapping[str, str]] | None:
    """A page about the newest network."""
    done = finished(digit_runs(seen))
    return (page, {"run": done[-1].id}) if done else None


register(
    Lesson(
        name="first_network",
        title="Your first network",
        place=1,
        minutes=15,
        goal="A network learns from examples, gets better by correcting its mistakes, and still makes some.",
        steps=(
            Step(
                "Let it learn",
                "Start the training and watch: the loss falls, the accuracy rises. It sees 54,000 handwritten digits "
                "three times.",
                (Start("Start the training", configs),),
                trained,
            ),
            Step(
                "Look at its mistakes",
                "Open Mistakes on the page of your training. A row of the confusion matrix is a digit, its cells are what the "
                "network took it for.",
                (
                    Go("Open the mistakes", lambda seen: newest(seen, "run")),
                    Ask(
                        "missed",
                        "Which digit did it misread most often?",
                        lambda seen: DIGITS if most_missed(seen) else [],
                    ),
                ),
                found_mistake,
            ),
            Step(
                "Draw for it",
                "Draw three digits: a neat one, a quick one, and one that a friend would just about read.",
                (
                    Go("Draw", lambda seen: newest(seen, "classify")),
                    Ask(
                        "read",
                        "How many of your three did it read?",
                        lambda seen: READ if finished(digit_runs(seen)) else [],
                    ),
                ),
                has_drawn,
            ),
        ),
        question="It read over 99\u202f% of the test digits. Did it read as many of yours? What might be different about yours?",
        answer="The test digits were written by the same kind of people, with pens, and scanned alike. Yours were drawn with a "
        "mouse or a finger. A network is as good as its examples are like what it meets: that is why we test on pictures "
        "that it "
        "never saw, and why even that says little about pictures of another kind.",
        teacher=Teacher(
            say=(
                "Nobody tells this program what a 7 looks like. It gets examples with the right answer, guesses, and corrects "
                "itself a little after each batch.",
                "The computer held back 10,000 digits. Why would a test with the digits that it learned from be worth little?",
            ),
            timing=(
                (2, "Show a 7 and a 1 on the board: how would you describe the difference as a rule?"),
                (4, "Training"),
                (4, "Mistakes"),
                (5, "Drawing and the question"),
            ),
            expected="About 99\u202f% of the test digits after a minute of training. Of drawings with a mouse most are read; "
            "1, 4, 7 and 9 "
            "with unusual forms are not.",
            goes_wrong=(
                (
                    "The training waits.",
                    "Trainings take turns on this computer; Runs shows the queue. Let pairs share one.",
                ),
                (
                    "A drawing is not read.",
                    "Draw large, in the middle, one digit at a time; then use it for the question.",
                ),
            ),
        ),
    )
)
