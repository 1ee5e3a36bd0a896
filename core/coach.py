"""One plain sentence on how a training goes, with the numbers it rests on and what one could do: rules on the curves, no model.

Rules are asked in order of urgency; the first that is sure speaks. Each needs a difference larger than chance: an accuracy
measured on n images is uncertain by about sqrt(p (1 - p) / n). When no rule is sure, the coach is silent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.config import RunConfig
from core.runs.events import Event
from core.runs.history import History

Kind = Literal["diverging", "guessing", "memorising", "slow", "few_val_images", "levelling_off", "still_learning"]

CERTAIN = 2.0  # standard errors that a difference of accuracies must exceed
RISEN = 1.05  # times its minimum that a validation loss must reach to count as risen
EXPLODED = 2.0  # times its minimum that a training loss must reach to count as diverging
UNCHANGED = 0.01  # share of a loss below which its fall counts as none
LOOK_BACK = 3  # epochs
SLOWED = 1.8  # times the quickest epochs that the latest ones must take to count as slow
SHORTEST = 1.0  # seconds; shorter epochs vary by chance
FEW = 0.025  # standard error of an accuracy above which a validation split is too small to tell epochs apart


@dataclass(frozen=True)
class Curves:
    """What the coach looks at; all sequences hold one value for each epoch that was completed, (E,)."""

    train_loss: Sequence[float]  # NaN where it was no number, as in the others
    val_loss: Sequence[float]
    val_accuracy: Sequence[float]  # 0..1
    seconds: Sequence[float]
    classes: int
    val_images: int
    planned: int  # epochs
    learning_rate: float  # before the schedule
    usual_learning_rate: float  # the optimizer's default
    is_augmented: bool = False
    has_ended: bool = False
    shortest_epoch: float = 0.0  # seconds of slow motion


@dataclass(frozen=True)
class Advice:
    """What the coach says."""

    kind: Kind
    sentence: str
    evidence: str  # the numbers behind it, in words
    remedy: str = ""  # what a button would do, in words; empty when there is nothing to do
    changes: dict[str, Any] = field(default_factory=dict)  # settings of a new run, by path
    more_epochs: int = 0  # or: that this run is trained longer
    stop: bool = False  # or: that this run is stopped


def curves_of(history: History, config: RunConfig) -> Curves:
    """What the coach looks at of a run that has started."""
    started, epochs = history.started or {}, list(history.epochs)
    changes = [float(event["learning_rate"]) for event in list(history.learning_rates) if event.get("learning_rate")]
    return Curves(
        train_loss=_numbers(epochs, "train/loss"),
        val_loss=_numbers(epochs, "val/loss"),
        val_accuracy=_numbers(epochs, "val/accuracy"),
        seconds=_numbers(epochs, "seconds"),
        classes=len(started.get("class_names", ())) or 2,
        val_images=started.get("val_images") or 1,
        planned=started.get("epochs") or config.training.epochs,
        learning_rate=changes[-1] if changes else config.optimizer.learning_rate,
        usual_learning_rate=type(config.optimizer).model_validate({}).learning_rate,
        is_augmented=config.augmentation.is_on(),
        has_ended=history.end is not None,
        shortest_epoch=config.training.shortest_epoch,
    )


def advise(curves: Curves) -> Advice | None:
    """The most urgent thing that is sure, or None."""
    if not _all_finite(curves) or len(curves.val_loss) < 2:
        return None
    for rule in RULES:
        if advice := rule(curves):
            return advice
    return None


def _diverging(curves: Curves) -> Advice | None:
    best, latest = min(curves.train_loss), curves.train_loss[-1]
    if latest < EXPLODED * best or latest - best < 0.2 or latest <= curves.train_loss[-2]:
        return None
    smaller = curves.learning_rate / 10
    return Advice(
        "diverging",
        "The loss grows instead of falling: the steps are too long.",
        f"training loss {best:.3g} at its best, {latest:.3g} now, learning rate {curves.learning_rate:g}",
        f"Start again with learning rate {smaller:g}",
        {"optimizer.learning_rate": smaller},
    )


def _guessing(curves: Curves) -> Advice | None:
    """Its best epoch is no better than always naming one class."""
    chance = 1 / curves.classes
    accuracy = max(curves.val_accuracy)
    if accuracy > chance + CERTAIN * _error(chance, curves.val_images) or len(curves.val_loss) < min(3, curves.planned):
        return None
    if curves.train_loss[-1] < 0.9 * math.log(curves.classes):  # it learns something that validation does not show yet
        return None
    usual = curves.usual_learning_rate
    changes = {} if math.isclose(curves.learning_rate, usual) else {"optimizer.learning_rate": usual}
    return Advice(
        "guessing",
        "So far it is no better than guessing.",
        f"at best {accuracy:.1%} of the validation pictures right, guessing would give {chance:.1%}",
        f"Start again with the usual learning rate {usual:g}" if changes else "",
        changes,
    )


def _memorising(curves: Curves) -> Advice | None:
    best = min(range(len(curves.val_loss)), key=lambda epoch: curves.val_loss[epoch])
    since = curves.val_loss[best + 1 :]
    if len(since) < LOOK_BACK or min(since[-2:]) < RISEN * curves.val_loss[best]:
        return None
    if curves.train_loss[-1] >= min(curves.train_loss[best], curves.val_loss[-1]):
        return None  # whoever knows pictures by heart does better on them than on others; blended ones nobody does
    remedy: dict[str, Any] = {} if curves.is_augmented else {"augmentation.shift": 0.1, "augmentation.rotation": 10.0}
    return Advice(
        "memorising",
        f"It begins to learn the training pictures by heart: since epoch {best + 1} it gets worse on pictures it does not know.",
        f"validation loss {curves.val_loss[best]:.3g} in epoch {best + 1}, {curves.val_loss[-1]:.3g} now; training loss "
        f"{curves.train_loss[best]:.3g} then, {curves.train_loss[-1]:.3g} now",
        "Start again with small random changes of the pictures" if remedy else "",
        remedy,
        stop=not curves.has_ended and not remedy,
    )


def _slow(curves: Curves) -> Advice | None:
    """Slower than it was itself: something else uses the computer."""
    seconds = curves.seconds
    if len(seconds) < LOOK_BACK + 1 or curves.has_ended or min(seconds) < max(SHORTEST, 1.2 * curves.shortest_epoch):
        return None
    quick, now = min(seconds), min(seconds[-2:])
    if now < SLOWED * quick:
        return None
    return Advice(
        "slow",
        "It trains slower than before: something else keeps this computer busy.",
        f"an epoch took {quick:.1f} s, now it takes {now:.1f} s",
    )


def _few_val_images(curves: Curves) -> Advice | None:
    error = _error(max(curves.val_accuracy[-1], 1 / curves.classes), curves.val_images)
    if error < FEW:
        return None
    return Advice(
        "few_val_images",
        f"{curves.val_images:,} validation pictures are too few to tell which epoch is best.",
        f"an accuracy of {curves.val_accuracy[-1]:.0%} measured on so few is uncertain by {error:.1%} up or down",
        "Start again with a fifth of the pictures held back for validation",
        {"training.validation_share": 0.2},
    )


def _levelling_off(curves: Curves) -> Advice | None:
    if len(curves.val_loss) < 2 * LOOK_BACK:
        return None
    before, recent = curves.val_loss[:-LOOK_BACK], curves.val_loss[-LOOK_BACK:]
    gain = max(curves.val_accuracy[-LOOK_BACK:]) - max(curves.val_accuracy[:-LOOK_BACK])
    if min(recent) < (1 - UNCHANGED) * min(before) or gain > _error(max(curves.val_accuracy), curves.val_images):
        return None
    return Advice(
        "levelling_off",
        f"It hardly gets better any more: the last {LOOK_BACK} epochs brought next to nothing.",
        f"best validation loss {min(before):.3g} before them, {min(recent):.3g} in them",
        "" if curves.has_ended else "Stop here; the best epoch is kept",
        stop=not curves.has_ended,
    )


def _still_learning(curves: Curves) -> Advice | None:
    back = min(LOOK_BACK, len(curves.val_loss) - 1)
    old, new = curves.val_loss[-1 - back], curves.val_loss[-1]
    if new > (1 - UNCHANGED) * old or new > min(curves.val_loss):
        return None
    accuracy, before = curves.val_accuracy[-1], curves.val_accuracy[-1 - back]
    epochs = f"the last {back} epochs" if back > 1 else "the last epoch"
    more = max(5, curves.planned // 2) if curves.has_ended else 0
    return Advice(
        "still_learning",
        "It still gets better: more epochs would help." if more else "It still gets better.",
        f"{before:.1%} of the validation pictures right before {epochs}, {accuracy:.1%} now; loss {old:.3g}, then {new:.3g}",
        f"Train {more} more epochs" if more else "",
        more_epochs=more,
    )


RULES: tuple[Callable[[Curves], Advice | None], ...] = (
    _diverging,
    _guessing,
    _memorising,
    _slow,
    _few_val_images,
    _levelling_off,
    _still_learning,
)


def _error(accuracy: float, images: int) -> float:
    """Standard error of an accuracy (0..1) measured on so many images."""
    return math.sqrt(accuracy * (1 - accuracy) / max(1, images))


def _all_finite(curves: Curves) -> bool:
    values = (*curves.train_loss, *curves.val_loss, *curves.val_accuracy, *curves.seconds)
    return all(math.isfinite(value) for value in values)


def _numbers(epochs: list[Event], name: str) -> list[float]:
    """NaN where a log holds none."""
    return [math.nan if epoch.get(name) is None else epoch[name] for epoch in epochs]
