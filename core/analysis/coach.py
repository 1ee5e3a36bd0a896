"""One short sentence on how a training goes, with the numbers it rests on and what one could do: rules on the curves, no model.

What is seen comes from `coach_sight`, which carries it from epoch to epoch; here it is put into words. The most urgent
thing speaks. When nothing is sure, the coach is silent.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from core.analysis.coach_curves import Curves, Jump
from core.analysis.coach_curves import curves_of as curves_of
from core.analysis.coach_sight import SHARP, TINY, Sight, half_interval, sights
from core.analysis.scores import interval
from core.runs.events import FINISHED
from core.text.numbers import count, decimal, fitting, percent

Kind = Literal[
    "rate_too_large",
    "rate_too_small",
    "guessing",
    "jumped",
    "diverging",
    "memorising",
    "slow",
    "few_val_images",
    "still_learning",
    "slowing",
    "waiting",
    "levelling_off",
    "short",
]

FAR = 10.0  # times the usual learning rate, from which one is far too large or too small
HUGE = 1.5  # times the loss of a guess
ANNEALED = 0.1  # share of the learning rate below which a schedule has done its work
MOST_HELD_BACK = 0.3  # of the training pictures: more would leave too few to learn from


@dataclass(frozen=True)
class Advice:
    """What the coach says."""

    kind: Kind
    sentence: str  # at most about 110 characters
    evidence: str  # the numbers behind it, in words
    remedy: str = ""  # what a button would do, in words; empty when there is nothing to do
    changes: dict[str, Any] = field(default_factory=dict)  # settings of a new run, by path
    more_epochs: int = 0  # or: that this run is trained longer
    stop: bool = False  # or: that this run is stopped
    learning_rate: float = 0.0  # or: that this run goes on with this one


def advise(curves: Curves) -> Advice | None:
    """The most urgent thing that is sure, or None."""
    if curves.has_exploded:
        return _too_large(curves, f"its loss was no number any more after {count(curves.epochs, 'epoch')}")
    if curves.fresh_jump:
        return _jumping(curves.fresh_jump)
    if not curves.epochs or not _all_finite(curves):
        return None
    sight = _latest(curves)
    return _troubles(sight, curves) or _progress(sight, curves)


@lru_cache(maxsize=64)
def _latest(curves: Curves) -> Sight:
    return sights(curves)[-1]


def _troubles(sight: Sight, curves: Curves) -> Advice | None:
    if sight.jump:
        return _jumped(sight, curves)
    if sight.at_chance:
        return _nothing_learned(sight, curves)
    if sight.is_growing:
        return _diverging(curves)
    if sight.is_blurred and curves.val_images < TINY and (sight.epoch > 1 or curves.end):
        return _few_val_images(curves)
    if sight.by_heart_since:
        return _memorising(sight, curves)
    if sight.is_slow and not curves.end:
        return _slow(curves)
    return _few_val_images(curves) if sight.is_blurred and (sight.epoch > 1 or curves.end) else None


def _jumped(sight: Sight, curves: Curves) -> Advice:
    change = sight.jump
    assert change is not None
    before, after = curves.train_loss[change.epoch - 2], max(curves.train_loss[change.epoch - 1 : change.epoch + 2])
    numbers = f"training loss {before:.3g} before, {after:.3g} after, {curves.train_loss[-1]:.3g} now"
    old, new = decimal(change.before), decimal(change.after)
    if curves.end or not math.isclose(curves.learning_rate, change.after):
        has = "never recovered" if curves.end else "has not recovered"
        sentence = f"It {has} from learning rate {new}, set in epoch {change.epoch}."
        return Advice(
            "jumped", sentence, numbers, f"Start again with {old}", {"optimizer.learning_rate": change.before}
        )
    sentence = f"The loss jumped from {before:.2g} to {after:.2g} when the learning rate became {new}."
    return Advice("jumped", sentence, numbers, f"Set it back to {old}", learning_rate=change.before)


def _jumping(jump: Jump) -> Advice:
    """Within the epoch in which a person set another learning rate."""
    before, after, old = f"{jump.before:.2g}", f"{jump.after:.2g}", jump.change.before
    sentence = f"The loss jumped from {before} to {after} when the learning rate became {decimal(jump.change.after)}."
    back = f"Set it back to {decimal(old)}"
    return Advice("jumped", sentence, f"training loss {before}, then {after}", back, learning_rate=old)


def _nothing_learned(sight: Sight, curves: Curves) -> Advice | None:
    """Its answers are no better than naming classes by luck."""
    rate, usual = curves.learning_rate, curves.usual_learning_rate
    evidence = f"{_right(curves)}; guessing would give {percent(1 / curves.classes)}"
    if max(curves.train_loss[0], curves.train_loss[-1]) > HUGE * curves.chance_loss or rate >= FAR * usual:
        return _too_large(curves, f"training loss {curves.train_loss[-1]:.3g}; {evidence}")
    if sight.epoch < min(3, curves.planned) or curves.next_share[-1] > curves.share[-1]:
        return None
    so_far = "It has learned nothing:" if curves.end else "So far"
    if rate <= usual / FAR:
        outcome = "it has learned nothing" if curves.end else "it hardly learns"
        sentence = f"Learning rate {decimal(rate)} is far too small: {outcome}."
        return _again("rate_too_small", sentence, evidence, usual)
    sentence = f"{so_far} it is no better than guessing."
    if math.isclose(rate, usual):
        return Advice("guessing", sentence, evidence)
    return _again("guessing", sentence, evidence, usual)


def _too_large(curves: Curves, evidence: str) -> Advice:
    rate, usual = curves.learning_rate, curves.usual_learning_rate
    learned = "it has learned nothing" if curves.end else "it cannot learn"
    sentence = f"Learning rate {decimal(rate)} is far too large: {learned}."
    return _again("rate_too_large", sentence, evidence, min(usual, rate / 10))


def _diverging(curves: Curves) -> Advice:
    return _again(
        "diverging",
        f"The loss {'grew' if curves.end else 'grows'} instead of falling: the steps are too long.",
        f"training loss {min(curves.train_loss):.3g} at its best, {curves.train_loss[-1]:.3g} now, "
        f"learning rate {decimal(curves.learning_rate)}",
        curves.learning_rate / 10,
    )


def _again(kind: Kind, sentence: str, evidence: str, rate: float) -> Advice:
    remedy = f"Start again with {decimal(rate)}"
    return Advice(kind, sentence, evidence, remedy, {"optimizer.learning_rate": rate})


def _memorising(sight: Sight, curves: Curves) -> Advice:
    best = sight.by_heart_since - 1
    learns, rises = ("learned", "rose from") if curves.end else ("learns", "has risen since")
    on = " on" if curves.end else ""
    remedy: dict[str, Any] = {"augmentation.shift": 0.1, "augmentation.rotation": 10.0} if curves.can_augment else {}
    stop = not curves.end and not remedy and curves.epochs < curves.planned
    return Advice(
        "memorising",
        f"It {learns} the training pictures by heart: the validation loss {rises} epoch {best + 1}{on}.",
        f"validation loss {curves.val_loss[best]:.3g} then, {curves.val_loss[-1]:.3g} now; training loss "
        f"{curves.train_loss[best]:.3g} then, {curves.train_loss[-1]:.3g} now; the best epoch is kept",
        "Start again with small random changes of the pictures" if remedy else "Stop here" if stop else "",
        remedy,
        stop=stop,
    )


def _slow(curves: Curves) -> Advice:
    return Advice(
        "slow",
        "It trains slower than before: something else keeps this computer busy.",
        f"an epoch took {np.median(curves.seconds[:-3]):.1f} s, now it takes {min(curves.seconds[-3:]):.1f} s",
    )


def _few_val_images(curves: Curves) -> Advice:
    """With how many more to hold back, where that gives more."""
    images, total = curves.val_images, curves.val_images + curves.train_images
    best = min(0.95, max(0.8, *curves.val_accuracy))
    sizes = range(images, 2000)
    needed = images + bisect_left(sizes, True, key=lambda size: half_interval(best, size) <= SHARP)
    share = min(MOST_HELD_BACK, math.ceil(20 * needed / total) / 20)
    helps = curves.can_hold_back and share * total >= 1.3 * images and share > images / total + 0.03
    pictures = f"{count(images, 'validation picture')} {fitting(images, 'are')}"
    return Advice(
        "few_val_images",
        f"{pictures} too few to tell which epoch is best.",
        f"{_right(curves)}; about {needed:,} would do{'' if helps else ': bring more pictures'}",
        f"Start again with {percent(share, 0)} held back for validation" if helps else "",
        {"training.validation_share": share} if helps else {},
    )


def _progress(sight: Sight, curves: Curves) -> Advice | None:
    ended, progress = bool(curves.end), sight.progress
    numbers = _fall(sight, curves)
    if ended and curves.epochs < 2:
        return _short(curves)
    if ended and progress == "learning" and _is_annealed(curves) and not _to_the_end(curves):
        progress = "slowing"
    if progress == "learning":
        return _got_better(curves, numbers) if ended else Advice("still_learning", "It still gets better.", numbers)
    if progress == "slowing":
        sentence = (
            "The gains had become small: more epochs would bring little." if ended else "The gains have become small."
        )
        return Advice("slowing", sentence, numbers)
    if progress == "waiting":
        rate = decimal(curves.learning_rate * curves.share[-1])
        sentence = "The learning rate is still high; the schedule lowers it later, and that usually helps."
        if ended:
            sentence = "It was stopped before the schedule had lowered the learning rate."
        return Advice("waiting", sentence, f"learning rate {rate} now; {numbers}")
    if progress == "level":
        ever = "It had levelled off:" if ended else "It hardly gets better any more:"
        left = curves.planned - curves.epochs
        stop = not ended and left > max(2, curves.planned // 10)
        return Advice(
            "levelling_off",
            f"{ever} the last {count(sight.window, 'epoch')} brought next to nothing.",
            f"{numbers}; the best epoch is kept",
            "Stop here" if stop else "",
            stop=stop,
        )
    return None


def _got_better(curves: Curves, numbers: str) -> Advice:
    """Of a run that has ended."""
    if curves.end != FINISHED or curves.epochs < curves.planned:
        return Advice("still_learning", "It still got better when it was stopped.", numbers)
    if _is_annealed(curves):
        epochs = 2 * curves.planned
        sentence = "It got better to the end, but its learning rate has run out: more epochs need a new schedule."
        return Advice(
            "still_learning", sentence, numbers, f"Start again with {epochs:,} epochs", {"training.epochs": epochs}
        )
    more = max(5, curves.planned // 2)
    sentence = "It got better to the end: more epochs would help."
    return Advice("still_learning", sentence, numbers, f"Train {more:,} more epochs", more_epochs=more)


def _short(curves: Curves) -> Advice:
    """Of a run of one epoch, whose curve has no direction."""
    sentence = "One epoch shows no direction yet: train more to see whether it gets better."
    if curves.share[-1] < max(curves.share) or curves.last_share[-1] <= ANNEALED:
        return Advice("short", sentence, _right(curves), "Start again with 3 epochs", {"training.epochs": 3})
    if curves.epochs < curves.planned:  # to go on is to resume it
        return Advice("short", sentence, _right(curves))
    return Advice("short", sentence, _right(curves), "Train 5 more epochs", more_epochs=5)


def _is_annealed(curves: Curves) -> bool:
    """Whether the schedule has done its work."""
    return curves.share[-1] <= ANNEALED * max(curves.share)


def _to_the_end(curves: Curves) -> bool:
    """Whether the loss still fell in the last eighth."""
    last = max(1, curves.epochs // 8)
    return float(np.mean(curves.val_loss[-last:])) < float(np.mean(curves.val_loss[-2 * last : -last]))


def _fall(sight: Sight, curves: Curves) -> str:
    """The loss in the two windows that were compared, and the accuracy now."""
    window = max(1, sight.window)
    old, new = (
        float(np.exp(np.log(np.maximum(part, 1e-9)).mean()))
        for part in (curves.val_loss[-2 * window : -window] or curves.val_loss, curves.val_loss[-window:])
    )
    lowest = min(range(curves.epochs), key=curves.val_loss.__getitem__)
    if window == 1:
        loss = f"validation loss {old:.3g}, then {new:.3g}"
    else:
        loss = f"validation loss {old:.3g} on average, then {new:.3g} in the last {window} epochs, lowest in epoch {lowest + 1}"
    return f"{loss}; {_right(curves)}"


def _right(curves: Curves) -> str:
    """ "95.0 % of 216 validation pictures right (91.2 % to 97.2 % with other pictures)"."""
    accuracy, images = curves.val_accuracy[-1], curves.val_images
    low, high = interval(round(accuracy * images), images)
    pictures = count(images, "validation picture")
    return f"{percent(accuracy)} of {pictures} right ({percent(low)} to {percent(high)} with other pictures)"


def _all_finite(curves: Curves) -> bool:
    values = (*curves.train_loss, *curves.val_loss, *curves.val_accuracy, *curves.seconds)
    return all(math.isfinite(value) for value in values)
