"""How many pictures does it need: the same training with 50, 500 and 5,000."""

from __future__ import annotations

from collections.abc import Mapping

from core.lessons._base import Ask, Go, Lesson, Seen, Start, Step, Teacher, Verdict, register
from core.lessons._checks import all_finished, comparison, config_of, finished, that_fit
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.summary import Summary
from core.text.numbers import percent

EACH = (5, 50, 500)  # pictures of each of the ten digits
FIRST, SECOND = "from 50 to 500", "from 500 to 5,000"
GUESSES = ["under 30\u202f%", "30 to 60\u202f%", "60 to 90\u202f%", "over 90\u202f%"]


def configs(seen: Seen) -> list[RunConfig]:
    """Three trainings that differ in their number of pictures alone."""
    base = find_recipe("digits").config()
    return [
        base.with_changes(
            {
                "title": f"{each * 10:,} pictures",
                "experiment": "How many pictures",
                "training.training_pictures": each,
                "training.epochs": 15,
            }
        )
        for each in EACH
    ]


def runs_by_pictures(seen: Seen) -> dict[int, Summary]:
    """Pictures of each digit -> the newest finished training with so many."""
    done = finished(that_fit(seen, lambda config: config.training.training_pictures in EACH))
    return {config.training.training_pictures: run for run in done if (config := config_of(seen, run))}


def guessed(seen: Seen) -> Verdict:
    """A guess before the trainings begin."""
    if guess := seen.answers.get("guess"):
        return Verdict(True, f"Your guess: {guess}.")
    return Verdict(False, "Guess first; being wrong is no shame.")


def tried(seen: Seen) -> Verdict:
    """Whether all three have finished."""
    known = runs_by_pictures(seen)
    if len(known) < len(EACH):
        return all_finished(
            seen, that_fit(seen, lambda config: config.training.training_pictures in EACH), len(EACH), "training"
        )
    read = ", ".join(f"{each * 10:,} pictures {percent(known[each].test_accuracy)}" for each in EACH)
    return Verdict(True, f"Test accuracy: {read}.")


def larger_gain(seen: Seen) -> str:
    """Which ten times more pictures brought more; "" before the trainings have finished."""
    known = [run.test_accuracy for _, run in sorted(runs_by_pictures(seen).items())]
    if len(known) < len(EACH):
        return ""
    few, some, many = (value or 0.0 for value in known)
    return FIRST if some - few >= many - some else SECOND


def compared(seen: Seen) -> Verdict:
    """Whether they saw where more pictures helped most."""
    right, chosen = larger_gain(seen), seen.answers.get("gain")
    if not right:
        return Verdict(False, "First the three trainings have to finish.")
    if chosen is None:
        return Verdict(False, "Compare the three results and choose.")
    if chosen != right:
        return Verdict(False, f"Not {chosen}: subtract the accuracies once more.")
    return Verdict(True, f"Yes, {right}. Each further point costs more pictures than the one before.")


register(
    Lesson(
        name="how_many_pictures",
        title="How many pictures does it need?",
        place=2,
        minutes=15,
        goal="More examples help, but less and less: the first hundreds matter most.",
        steps=(
            Step(
                "Guess",
                "A network learns digits from only five pictures of each, fifty in all. What share of digits will it read?",
                (Ask("guess", "With fifty pictures it will read", lambda seen: GUESSES),),
                guessed,
            ),
            Step(
                "Train three at a click",
                "The same network learns from 50, from 500 and from 5,000 pictures, each fifteen times over.",
                (Start("Start the three trainings", configs),),
                tried,
            ),
            Step(
                "Compare",
                "Lay the three over each other, or read the results above.",
                (
                    Go("Compare the runs", lambda seen: compare_place(seen)),
                    Ask(
                        "gain",
                        "Which ten times more pictures helped more?",
                        lambda seen: [FIRST, SECOND] if larger_gain(seen) else [],
                    ),
                ),
                compared,
            ),
        ),
        question="Collecting pictures is work. How would you find out how many your own project needs before you have "
        "taken them all?",
        answer="Train with half of what you have and with all of it. If the second is much better, more pictures will "
        "help; if both "
        "are alike, better pictures (other light, other people, other backgrounds) or another network help more than many.",
        teacher=Teacher(
            say=(
                "You can recognise a giraffe after one picture book. How many does a network need?",
                "Look at the validation curve with 50 pictures: it stops rising early. The network has nothing left to "
                "learn from.",
            ),
            timing=((3, "Guesses on the board"), (5, "Trainings"), (4, "Compare"), (3, "Question")),
            expected="Roughly 50 to 80\u202f% with 50 pictures, about 95\u202f% with 500 and over 98\u202f% with 5,000: "
            "the first step "
            "brings far more.",
            goes_wrong=(
                (
                    "A group gets another order.",
                    "With 50 pictures luck plays a part: which five of each were drawn. Let them repeat with "
                    "another seed and compare the spread of the class.",
                ),
            ),
        ),
    )
)


def compare_place(seen: Seen) -> tuple[str, Mapping[str, str]] | None:
    """The three over each other."""
    return comparison(run for _, run in sorted(runs_by_pictures(seen).items()))
