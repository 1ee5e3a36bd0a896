"""What the demo tells of its two networks, moment by moment. Every sentence holds for the numbers that stand beside it."""

from __future__ import annotations

from dataclasses import dataclass

from core.runs.history import History
from core.text.numbers import percent

GUESSING, MOST, WELL = 0.2, 0.85, 0.95  # shares of the digits that are read, at which the story goes on
SETBACK = 0.2  # so much less than it has read is told
SOON = 0.75  # share of the training after which the drawing is announced
PROBLEMS = {
    "failed": "was ended by an error",
    "interrupted": "was interrupted",
    "stopped": "was stopped",
    "paused": "was paused",
}


@dataclass(frozen=True)
class Learner:
    """How far one of the two is."""

    title: str
    status: str
    epoch: int  # completed
    progress: float  # share of all steps that are done
    accuracy: float | None  # on the validation images, the newest
    test: float | None
    test_images: int
    best: float | None = None  # so far; None: the newest. It decides how far the story is, which never goes back

    @property
    def reached(self) -> float:
        """Its best accuracy so far, 0 to 1."""
        return max(self.accuracy or 0.0, self.best or 0.0)

    @classmethod
    def of(cls, title: str, status: str, history: History) -> Learner:
        """What a run's log says so far. Accuracies are on all validation images, at the ends of epochs and within them."""
        test = history.test or {}
        last = history.epochs[-1] if history.epochs else {}
        steps, _, within = history.within_epochs("val/accuracy")
        ended = [accuracy for epoch in history.epochs if (accuracy := epoch.get("val/accuracy")) is not None]
        newest = last.get("val/accuracy")
        if len(steps) and steps[-1] > last.get("step", 0):
            newest = float(within[-1])
        return cls(
            title,
            status,
            int(last.get("epoch", 0)),
            history.progress(),
            newest,
            test.get("test/accuracy"),
            int(test.get("images", 0)),
            max([*within.tolist(), *ended], default=None),
        )


def told(first: Learner, second: Learner) -> str:
    """What is to be said at this moment, two or three sentences for people who have never seen a network learn."""
    both = (first, second)
    for learner in both:
        if learner.status in PROBLEMS:
            return (
                f"The training of the {learner.title} {PROBLEMS[learner.status]}. Replay the demo to see it to the end."
            )
    if all(learner.test is not None for learner in both):
        return _result(first, second)
    if any(learner.status == "queued" for learner in both):
        return "Another training is at work on this computer. The demo goes on as soon as there is room."
    asked = [learner for learner in both if learner.accuracy is not None]
    if not asked:
        return _unasked(first, second)
    if len(asked) < len(both):
        (one,) = asked
        other = second if one is first else first
        reads = f"digits it never trains on, and reads {percent(one.accuracy or 0.0)} of them"
        said = f"The {one.title} has been asked about {reads}; the {other.title}"
        if not other.progress:
            return f"{said} is still being set up."
        return f"Both have begun to learn. {said} is asked in a moment."
    if all(learner.progress >= 1 for learner in both):
        return f"Both have learned: {_scores(both)}. Now they are asked about digits that were kept away until this moment."
    return _learning(first, second)


def _unasked(first: Learner, second: Learner) -> str:
    if max(first.progress, second.progress) > 0:
        return (
            f"The {first.title} looks at all pixels at once, the {second.title} slides small filters over the picture. They see "
            "digits, guess, and after every mistake each weight is moved a tiny bit."
        )
    return (
        f"Two networks are made: the {first.title} looks at all pixels at once, the {second.title} slides small filters over "
        "the picture. Their weights are random numbers; they know nothing."
    )


def _learning(first: Learner, second: Learner) -> str:
    """Both have been asked, and learn on. The best that each has reached tells the chapter, the newest figures stand in it."""
    both = (first, second)
    worse, better = sorted(both, key=lambda learner: learner.accuracy or 0.0)
    same = percent(worse.accuracy or 0.0) == percent(better.accuracy or 0.0)
    ahead = "" if same else f" The {better.title} is ahead."
    worse, better = sorted(both, key=lambda learner: learner.reached)
    low, high = worse.reached, better.reached
    fell = any((learner.accuracy or 0.0) < learner.reached - SETBACK for learner in both)
    overtaken = low < MOST <= high and (better.accuracy or 0.0) < (worse.accuracy or 0.0)
    if high >= GUESSING and (fell or overtaken):
        return (
            f"Up and down: {_scores(both)}.{ahead} As long as the weights are moved a lot, a step can make a network worse for a "
            "moment."
        )
    if high < GUESSING:
        return (
            f"They still guess: {_scores(both)}, and of ten digits, one is right by luck. After every mistake, each weight is "
            "moved a tiny bit."
        )
    if low < MOST and high >= MOST:
        return (
            f"The {better.title} reads most digits now, the {worse.title} is not there yet: {_scores(both)}. They learn from the "
            "same pictures, at the same pace."
        )
    if low < MOST:
        return f"It begins: {_scores(both)}.{ahead} Every few seconds both are asked about digits that they never train on."
    if low < WELL:
        return (
            f"Most digits are right now: {_scores(both)}.{ahead} The pictures they learn from are moved and slanted at random: "
            "nothing is learned by heart."
        )
    end = " In a moment they read yours." if min(first.progress, second.progress) >= SOON else ""
    return f"Of a thousand digits that they never train on, {_mistakes(first)} and {_mistakes(second)}.{ahead}{end}"


def _result(first: Learner, second: Learner) -> str:
    worse, better = sorted((first, second), key=lambda learner: learner.test or 0.0)
    images = f"{better.test_images:,} digits that were kept away from both until now"
    if percent(worse.test or 0.0) == percent(better.test or 0.0):
        return f"Done. Of {images}, both read {percent(better.test or 0.0)}. Now draw one: whom do you trust?"
    return (
        f"Done. Of {images}, the {better.title} reads {percent(better.test or 0.0)} and the {worse.title} "
        f"{percent(worse.test or 0.0)}. Now draw one: whom do you trust?"
    )


def _scores(both: tuple[Learner, Learner]) -> str:
    return " and ".join(f"the {learner.title} reads {percent(learner.accuracy or 0.0)}" for learner in both)


def _mistakes(learner: Learner) -> str:
    wrong = round(1000 * (1 - (learner.accuracy or 0.0)))
    return f"the {learner.title} misreads {wrong or 'none'}"
