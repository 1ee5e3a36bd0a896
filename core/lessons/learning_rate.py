"""The learning rate: too small, too large, and one that is right."""

from __future__ import annotations

from collections.abc import Mapping

from core.lessons._base import Ask, Go, Lesson, Seen, Start, Step, Teacher, Verdict, register
from core.lessons._checks import all_finished, comparison, config_of, finished, that_fit
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.summary import Summary
from core.text.numbers import decimal, percent

RATES = (0.0001, 0.01, 5.0)
WORDS = {rate: word for rate, word in zip(RATES, ("0.0001", "0.01", "5"), strict=True)}
EPOCHS = 2  # at most, of the learner's own
GOAL = 0.96  # validation accuracy that is to be reached


def configs(seen: Seen) -> list[RunConfig]:
    """Three trainings of the MLP that differ in their learning rate alone."""
    base = find_recipe("mlp").config()
    return [
        base.with_changes(
            {
                "title": f"Learning rate {WORDS[rate]}",
                "experiment": "Learning rates",
                "optimizer.learning_rate": rate,
                "training.epochs": EPOCHS,
            }
        )
        for rate in RATES
    ]


def rate_of(config: RunConfig) -> float:
    """That its optimizer begins with."""
    return config.optimizer.learning_rate


def of_the_mlp(seen: Seen) -> list[Summary]:
    """Trainings of the MLP with plain gradient descent."""
    return that_fit(seen, lambda config: config.architecture.name == "mlp" and config.optimizer.name == "sgd")


def given(seen: Seen) -> list[Summary]:
    """The three that the button starts."""
    return [run for run in of_the_mlp(seen) if (config := config_of(seen, run)) and rate_of(config) in RATES]


def tried(seen: Seen) -> Verdict:
    """Whether all three have ended; one that fails because its numbers grow beyond all bounds has told what it should."""
    ended = {
        rate_of(config)
        for run in given(seen)
        if (config := config_of(seen, run)) and run.status in ("finished", "failed")
    }
    if set(RATES) <= ended:
        return Verdict(True, "Done: three learning rates, one network.")
    return all_finished(seen, given(seen), len(RATES), "training")


def found_right(seen: Seen) -> Verdict:
    """Whether they saw which of the three learns."""
    if not tried(seen).done:
        return Verdict(False, "First the three trainings have to end.")
    known = {rate_of(config): run.val_accuracy or 0.0 for run in given(seen) if (config := config_of(seen, run))}
    right = WORDS[max(RATES, key=lambda rate: known.get(rate, 0.0))]
    chosen = seen.answers.get("right")
    if chosen is None:
        return Verdict(False, "Look at the curves and choose.")
    if chosen != right:
        return Verdict(False, f"With {chosen} it did not read most digits; look at the accuracy once more.")
    return Verdict(True, f"Yes, {right}: a smaller one creeps, a larger one jumps over the valley.")


def found_better(seen: Seen) -> Verdict:
    """Whether a learning rate of their own reaches the goal in time."""
    wanted = f"{percent(GOAL, 0)} validation accuracy in {EPOCHS} epochs of a network that begins anew"
    best = 0.0
    for run in finished(of_the_mlp(seen)):
        config = config_of(seen, run)
        if config is None or rate_of(config) in RATES or config.training.epochs > EPOCHS:
            continue
        if (run.val_accuracy or 0.0) >= GOAL:
            return Verdict(True, f"Found: {decimal(rate_of(config) or 0)} reaches {percent(run.val_accuracy)}.")
        best = max(best, run.val_accuracy or 0.0)
    if best:
        return Verdict(False, f"Your best so far is {percent(best)}; the goal is {wanted}.")
    return Verdict(False, f"The goal: {wanted}, with a learning rate of your own.")


def form(seen: Seen) -> tuple[str, Mapping[str, str]] | None:
    """The form filled with the middle one."""
    for run in given(seen):
        if (config := config_of(seen, run)) and rate_of(config) == RATES[1]:
            return "train", {"from": run.id}
    return None


def compared(seen: Seen) -> tuple[str, Mapping[str, str]] | None:
    """The three over each other."""
    return comparison(given(seen))


register(
    Lesson(
        name="learning_rate",
        title="The learning rate",
        place=3,
        minutes=15,
        goal="The learning rate is how far the weights move at each step; too little and too much both fail.",
        steps=(
            Step(
                "Three at a click",
                "The same network learns with three learning rates: 0.0001, 0.01 and 5.",
                (Start("Start the three trainings", configs),),
                tried,
            ),
            Step(
                "See which one learns",
                "Lay the curves over each other. Which curve crawls, which one leaps about, and which one falls well?",
                (
                    Go("Compare the runs", compared),
                    Ask(
                        "right",
                        "Which learning rate is about right?",
                        lambda seen: list(WORDS.values()) if tried(seen).done else [],
                    ),
                ),
                found_right,
            ),
            Step(
                "Find a better one",
                f"Change the learning rate and start: who reaches {percent(GOAL, 0)} validation accuracy in {EPOCHS} epochs?",
                (Go("Open the form", form),),
                found_better,
            ),
        ),
        question="Many trainings begin with a large learning rate and end with a small one. Why might that be better than "
        "one for all?",
        answer="At first the weights are far from any good place, and large steps save time. Near a good place large "
        "steps jump "
        "across it again and again; small ones go down into it. A schedule does both.",
        teacher=Teacher(
            say=(
                "You look for the lowest place of a valley in the fog, with your feet alone. How long should your steps be?",
                "The loss of the large rate does not fall, or it becomes so large that the training ends by itself.",
            ),
            timing=((2, "The valley in the fog"), (3, "Trainings"), (4, "Compare"), (6, "Find a better one")),
            expected="0.0001 reads less than 60\u202f%, 0.01 about 94\u202f%, 5 about one in ten, which is guessing. From 0.05 "
            "to 0.15 most reach 96\u202f%.",
            goes_wrong=(
                (
                    "One of the three is shown as failed.",
                    "That is the large one: its numbers grew beyond all bounds. It counts.",
                ),
                (
                    "A group changes more than the learning rate.",
                    "The form marks each change; let them set the others back.",
                ),
            ),
        ),
    )
)
