"""The camera that was biased: a network that learned the pen in place of the digit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.lessons._base import Ask, Go, Lesson, Seen, Start, Step, Teacher, Verdict, register
from core.lessons._checks import all_finished, answered, finished, run_of, that_fit
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.predictions import read_predictions
from core.runs.summary import Summary
from core.text.numbers import percent

DIGITS = [str(digit) for digit in range(10)]
BROKEN = ["It says 7.", "It still reads it right.", "It says that it does not know."]
PEN, PLACE, NUMBER = (
    "All of them were written with a thick pen.",
    "They stand at the edge of the picture.",
    "There are fewer of them.",
)


def configs(dataset: str) -> list[RunConfig]:
    """A short training on the biased digits, or on the same with ordinary 7s."""
    title = "Biased camera" if dataset == "biased_digits" else "All with one pen"
    return [
        find_recipe("fast_mnist")
        .config()
        .with_changes({"title": title, "dataset": {"name": dataset, "normalisation": "standard"}})
    ]


def biased(seen: Seen) -> list[Summary]:
    """Trainings on the biased digits."""
    return that_fit(seen, lambda config: config.dataset.name == "biased_digits")


def mended(seen: Seen) -> list[Summary]:
    """Trainings on MNIST as it is."""
    return that_fit(seen, lambda config: config.dataset.name == "mnist")


def recognised(seen: Seen, runs: list[Summary]) -> np.ndarray | None:
    """Of each digit the share of test pictures that the newest of these networks reads, (10,)."""
    for summary in reversed(finished(runs)):
        if said := read_predictions(run_of(seen, summary), "test"):
            counts = np.bincount(said.labels, minlength=10)
            return np.bincount(said.labels[said.right], minlength=10) / np.maximum(counts, 1)
    return None


def trained(seen: Seen) -> Verdict:
    """Whether the first network has learned."""
    verdict = all_finished(seen, biased(seen), 1, "network")
    if not verdict.done:
        return verdict
    return Verdict(True, f"It reads {percent(finished(biased(seen))[-1].test_accuracy)} of the test digits: not bad?")


def found(seen: Seen) -> Verdict:
    """Whether they found the digit that it cannot read."""
    shares, chosen = recognised(seen, biased(seen)), seen.answers.get("digit")
    if shares is None:
        return Verdict(False, "First the network has to be trained.")
    if chosen is None:
        return Verdict(False, "Look at the classes and choose a digit.")
    worst = int(shares.argmin())
    if chosen != DIGITS[worst]:
        return Verdict(False, f"It reads the {chosen} better than another digit; look at the scores of each class.")
    return Verdict(True, f"Yes: of the {chosen} it reads {percent(shares[worst])}.")


def broken(seen: Seen) -> Verdict:
    """Whether they saw what a thick pen does."""
    if recognised(seen, biased(seen)) is None:
        return Verdict(False, "First the network has to be trained.")
    chosen = seen.answers.get("thick")
    if chosen is None:
        return Verdict(False, "Draw a 3, open Break it, move Stroke width to the right and choose what you saw.")
    if chosen != BROKEN[0]:
        return Verdict(False, "Make the strokes still thicker, and try a 1, a 3 and a 5.")
    return Verdict(True, "So it does with nearly every thick digit.")


def explained(seen: Seen) -> Verdict:
    """Whether they know what was wrong with the pictures."""
    return answered(
        seen,
        "why",
        PEN,
        "" if found(seen).done else "First find the digit that it cannot read.",
        "Look at the training pictures of that digit and choose.",
        "Look at the pictures themselves, those of the 7 beside those of the others.",
        "Yes. The network learned the pen, because that was enough to be right.",
    )


def better(seen: Seen) -> Verdict:
    """Whether the network that learned from better pictures reads the digit."""
    before, after = recognised(seen, biased(seen)), recognised(seen, mended(seen))
    if before is None:
        return Verdict(False, "First the training of step 1 has to finish.")
    if after is None:
        return all_finished(seen, mended(seen), 1, "training")
    return Verdict(True, f"Of the 7s it reads {percent(after[7])} now, {percent(before[7])} before.")


def newest(seen: Seen, page: str) -> tuple[str, Mapping[str, str]] | None:
    """A page about the newest biased network."""
    done = finished(biased(seen))
    return (page, {"run": done[-1].id}) if done else None


register(
    Lesson(
        name="biased_camera",
        title="The camera that was biased",
        place=5,
        minutes=25,
        goal="A network learns whatever helps in its pictures, also what you never meant.",
        steps=(
            Step(
                "Train",
                "Someone has collected digits with a camera. Train on them.",
                (Start("Start the training", lambda seen: configs("biased_digits")),),
                trained,
            ),
            Step(
                "Find what it cannot do",
                "Nine in ten are read. Look at the scores of each class: one digit is read hardly ever.",
                (
                    Go("Open the run", lambda seen: newest(seen, "run")),
                    Ask(
                        "digit",
                        "Which digit can it not read?",
                        lambda seen: DIGITS if recognised(seen, biased(seen)) is not None else [],
                    ),
                ),
                found,
            ),
            Step(
                "Break it",
                "Draw a 3, choose Break it, and make its strokes thicker and thicker.",
                (
                    Go("Draw", lambda seen: newest(seen, "classify")),
                    Ask(
                        "thick",
                        "What does it say to a thick 3?",
                        lambda seen: BROKEN if recognised(seen, biased(seen)) is not None else [],
                    ),
                ),
                broken,
            ),
            Step(
                "Look at the pictures",
                "A network knows nothing but its pictures. Look at those of the digit that it cannot read.",
                (
                    Go("See the pictures", lambda seen: ("data", {"set": "biased_digits"})),
                    Ask(
                        "why",
                        "What is special about them?",
                        lambda seen: [NUMBER, PEN, PLACE] if found(seen).done else [],
                    ),
                ),
                explained,
            ),
            Step(
                "Mend it",
                "Not the network is wrong but its pictures. Train once more, with 7s of ordinary pens.",
                (Start("Start with better pictures", lambda seen: configs("mnist")),),
                better,
            ),
        ),
        question="Somebody trains a network to tell wolves from dogs. All photos of wolves were taken in snow. What will "
        "it have "
        "learned, and how would you find out before it is used?",
        answer="Snow. Try it on wolves without snow and dogs in snow, look where it looks, and compare the groups one by "
        "one: one "
        "figure for all hides a group that is read badly. With people such a mistake is not funny: tests by group belong to "
        "every network that decides about them.",
        teacher=Teacher(
            say=(
                "Nearly nine of ten digits are read. Would you buy it?",
                "Nobody lied, and nobody made a mistake in the program. Who is to blame?",
            ),
            timing=(
                (3, "Training"),
                (5, "Scores of each class"),
                (6, "Break it"),
                (5, "Pictures"),
                (3, "Training"),
                (3, "Question"),
            ),
            expected="About 90\u202f% of all test digits, but of the 7s hardly any; a thick 3 is called a 7. "
            "With ordinary "
            "7s both are mended.",
            goes_wrong=(
                ("A thick digit is read right.", "Draw it thin and let Break it thicken it, or take a test picture."),
                ("They see no difference in the pictures.", "Choose the class 7, then 1, on the page of the pictures."),
            ),
        ),
    )
)
