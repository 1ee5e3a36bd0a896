"""Learning by heart: few pictures without augmentation, then with it."""

from __future__ import annotations

from collections.abc import Mapping

from core.lessons._base import Ask, Go, Lesson, Seen, Start, Step, Teacher, Verdict, register
from core.lessons._checks import all_finished, answered, comparison, finished, run_of, that_fit
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.summary import Summary
from core.text.numbers import percent

EACH, EPOCHS = 10, 60  # pictures of each digit, times that they are seen
OFF = {"shift": 0.0, "rotation": 0.0, "scale": 0.0, "shear": 0.0, "gamma": 0.0}
HEART, UNDERSTOOD = "It knows them by heart.", "It has understood digits."


def configs(changed: bool) -> list[RunConfig]:
    """One training with a hundred pictures, which are changed a little each time or not."""
    base = find_recipe("digits").config()
    changes = {
        "title": "A hundred pictures, changed each time" if changed else "A hundred pictures, always the same",
        "experiment": "Learning by heart",
        "loss.label_smoothing": 0.0,
        "optimizer.learning_rate": 0.002,
        "training.training_pictures": EACH,
        "training.epochs": EPOCHS,
    }
    return [
        base.with_changes(changes if changed else changes | {f"augmentation.{name}": off for name, off in OFF.items()})
    ]


def without(seen: Seen) -> list[Summary]:
    """Trainings with so few pictures, none of which is changed."""
    return that_fit(seen, lambda config: _is_small(config) and not _changes(config))


def with_changes(seen: Seen) -> list[Summary]:
    """The same with pictures that are changed each time."""
    return that_fit(seen, lambda config: _is_small(config) and _changes(config))


def training_accuracy(seen: Seen, run: Summary) -> float | None:
    """On the pictures that it learned from, after its last epoch."""
    epochs = History(run_of(seen, run)).update().epochs
    return epochs[-1].get("train/accuracy") if epochs else None


def learned(seen: Seen) -> Verdict:
    """Whether the first training has finished."""
    verdict = all_finished(seen, without(seen), 1, "training")
    if not verdict.done:
        return verdict
    run = finished(without(seen))[-1]
    return Verdict(
        True,
        f"It reads {percent(training_accuracy(seen, run))} of the pictures that it learned from, and "
        f"{percent(run.val_accuracy)} of others.",
    )


def judged(seen: Seen) -> Verdict:
    """Whether they know what the gap means."""
    return answered(
        seen,
        "gap",
        HEART,
        "" if learned(seen).done else "First the training has to finish.",
        "Look at both curves and choose.",
        "If it had, it would read digits of other people as well as those that it learned from.",
        "Yes. The gap between the two curves is what it knows by heart alone: overfitting.",
    )


def mended(seen: Seen) -> Verdict:
    """Whether changed pictures brought more."""
    verdict = all_finished(seen, with_changes(seen), 1, "training")
    if not verdict.done or not finished(without(seen)):
        return verdict if not verdict.done else Verdict(False, "First the training of step 1 has to finish.")
    before, after = finished(without(seen))[-1], finished(with_changes(seen))[-1]
    return Verdict(
        True,
        f"Test accuracy {percent(before.test_accuracy)} before, {percent(after.test_accuracy)} with changed pictures.",
    )


def compared(seen: Seen) -> tuple[str, Mapping[str, str]] | None:
    """Both over each other."""
    return comparison(each[-1] for each in (finished(without(seen)), finished(with_changes(seen))) if each)


def _is_small(config: RunConfig) -> bool:
    return config.dataset.name == "mnist" and 0 < config.training.training_pictures <= EACH


def _changes(config: RunConfig) -> bool:
    return any(config.value_at(f"augmentation.{name}") for name in OFF)


register(
    Lesson(
        name="by_heart",
        title="Learning by heart",
        place=4,
        minutes=15,
        goal="A network with few pictures learns them by heart; changing them a little makes it learn what matters.",
        steps=(
            Step(
                "A hundred pictures, sixty times",
                "The network sees ten pictures of each digit, again and again, always the same.",
                (Start("Start the training", lambda seen: configs(changed=False)),),
                learned,
            ),
            Step(
                "Two curves",
                "Look at the accuracy: one curve is of the pictures that it learns from, the other of pictures that it "
                "never learns from.",
                (
                    Go("Open the run", lambda seen: ("run", {"run": without(seen)[-1].id}) if without(seen) else None),
                    Ask(
                        "gap",
                        "What does the gap between the curves say?",
                        lambda seen: [UNDERSTOOD, HEART] if learned(seen).done else [],
                    ),
                ),
                judged,
            ),
            Step(
                "Change them a little",
                "The same hundred pictures, but each time moved, turned, slanted and made thicker or thinner at random.",
                (
                    Start("Start the second training", lambda seen: configs(changed=True)),
                    Go("Compare both", compared),
                ),
                mended,
            ),
        ),
        question="Pupils who know last year's test by heart score full marks in it. How does a teacher find out? How do "
        "we, with a network?",
        answer="By questions that were not in it. We hold pictures back that the network never learns from, and believe "
        "only those.",
        teacher=Teacher(
            say=(
                "The curve of the training pictures reaches 100\u202f%. Are we done?",
                "Turning a 6 a little leaves it a 6; turning it over makes a 9. Which changes are allowed is knowledge "
                "about the world.",
            ),
            timing=(
                (2, "Question of last year's test"),
                (4, "First training"),
                (4, "Curves"),
                (4, "Second training"),
                (1, "Question"),
            ),
            expected="100\u202f% of the training pictures in both cases or nearly so; test accuracy higher with changed "
            "pictures, by several points.",
            goes_wrong=(
                ("Both end alike.", "With a hundred pictures luck plays a part; let them repeat with another seed."),
            ),
        ),
    )
)
