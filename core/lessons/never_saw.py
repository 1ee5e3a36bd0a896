"""The thing it never saw: what a network says to what is none of its classes."""

from __future__ import annotations

from collections.abc import Mapping

from core.lessons._base import Ask, Go, Lesson, Seen, Start, Step, Teacher, Verdict, register
from core.lessons._checks import answered, finished
from core.lessons.first_network import configs, digit_runs, newest, trained

DIGIT, UNKNOWN, NOTHING = "A digit, as ever.", "I don't know.", "Nothing at all."
TRIES = ["in the first try", "in two or three tries", "in more tries", "not at all"]
FORCED = "Ten numbers that add up to 100\u202f%, one for each digit."
WORDS = [FORCED, "Yes or no for each thing in the world.", "A description of the picture."]


def chosen(seen: Seen, key: str, right: str, asked: str, wrong: str, done: str) -> Verdict:
    """Whether a question was answered rightly, once a network is there."""
    before = "" if finished(digit_runs(seen)) else "First a network has to be trained."
    return answered(seen, key, right, before, asked, wrong, done)


def knows_outputs(seen: Seen) -> Verdict:
    """Whether they know what comes out of a network."""
    return chosen(
        seen,
        "outputs",
        FORCED,
        "Draw a digit, look at the bars beside it and choose.",
        "Look at the bars beside your drawing: how many are there, and what do they add up to?",
        "Yes. Of itself it has no way to say that it is none of them.",
    )


def has_asked(seen: Seen) -> Verdict:
    """Whether they saw how it is told that it does not know."""
    return chosen(
        seen,
        "house",
        UNKNOWN,
        "Draw a house and choose what it says.",
        "Make it a house that nobody would take for a digit: walls, a roof, a door, a window.",
        "Yes: the drawing is far from all pictures that it learned from, and that is measured.",
    )


def has_fooled(seen: Seen) -> Verdict:
    """Whether they tried to fool it."""
    if not finished(digit_runs(seen)):
        return Verdict(False, "First a network has to be trained.")
    if (tries := seen.answers.get("fooled")) is None:
        return Verdict(False, "Draw things that are no digits until it names one all the same.")
    return Verdict(True, f"Fooled {tries}." if tries != TRIES[-1] else "It was not fooled.")


def draw(seen: Seen) -> tuple[str, Mapping[str, str]] | None:
    """Where one draws for the newest network."""
    return newest(seen, "classify")


def after(seen: Seen, choices: list[str]) -> list[str]:
    """These, as soon as there is a network to ask."""
    return choices if finished(digit_runs(seen)) else []


register(
    Lesson(
        name="never_saw",
        title="The thing it never saw",
        place=6,
        minutes=15,
        goal="A network can only choose among what it was taught; knowing that it does not know is something else.",
        steps=(
            Step(
                "Let it learn",
                "Train a network on digits, and on nothing else.",
                (Start("Start the training", configs),),
                trained,
            ),
            Step(
                "What comes out",
                "Draw a digit. Beside it stands what the network says.",
                (
                    Go("Draw", draw),
                    Ask("outputs", "What comes out of the network?", lambda seen: after(seen, WORDS)),
                ),
                knows_outputs,
            ),
            Step(
                "A house",
                "Now draw what it has never seen: a house.",
                (
                    Go("Draw a house", draw),
                    Ask("house", "What does it say?", lambda seen: after(seen, [DIGIT, UNKNOWN, NOTHING])),
                ),
                has_asked,
            ),
            Step(
                "Fool it",
                "Find a drawing that is no digit and is taken for one all the same: a letter, a fish, a pair of glasses.",
                (
                    Go("Draw something else", draw),
                    Ask("fooled", "Was it fooled?", lambda seen: after(seen, TRIES)),
                ),
                has_fooled,
            ),
        ),
        question="A program in a hospital was trained on photos of two skin diseases. Someone with a third one is "
        "photographed. What "
        "will it say, and what should it say?",
        answer="One of the two, and perhaps with great confidence. It should say that the picture is unlike those that it "
        "learned "
        "from, and send the person to a doctor. Such a warning has to be built in and tested; it does not come by itself.",
        teacher=Teacher(
            say=(
                "It has ten answers. What will it do with an octopus?",
                "Being sure and being right are two things. When is it dangerous to confuse them?",
            ),
            timing=(
                (2, "Question of the octopus"),
                (3, "Training"),
                (3, "What comes out"),
                (2, "A house"),
                (4, "Fool it"),
                (1, "Question"),
            ),
            expected="To a house it says that it does not know. Simple shapes of one or two strokes, such as letters, "
            "fool it: O is a 0, "
            "S a 5, and nobody can say that this is wrong.",
            goes_wrong=(
                ("The house is taken for a digit.", "It is drawn with few lines; add a roof, a door and a window."),
                ("Nobody fools it.", "Try the letters B, O, S, Z, or two lines that cross."),
            ),
        ),
    )
)
