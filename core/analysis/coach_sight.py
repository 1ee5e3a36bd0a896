"""What the curves show after each epoch, carried along from epoch to epoch: what was seen stays until the opposite is clear.

A pure function of the curves, so every visitor and every reload sees the same. Losses are compared as logarithms, in two windows
of a third of the training each (at most LONGEST epochs): what learning brings shows over a share of the training, while single
epochs go up and down by chance. What one epoch goes up and down by is measured on the curve itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

import numpy as np

from core.analysis.coach_curves import Change, Curves
from core.analysis.scores import interval

Progress = Literal["", "learning", "slowing", "waiting", "level"]

CLEAR = 3.0  # standard errors of a difference from which it is sure
LONGEST = 20  # epochs of a window
NOTICEABLE = 0.03  # fall of a loss (of its logarithm) that is worth a word
NOTHING = 0.01  # fall below which there is none
# standard deviation of a loss (of its logarithm) that is assumed while there are too few epochs to measure it
SHAKY = 0.04
STEADY = 0.01  # the smallest that is believed
PAUSE = 10  # epochs that must lie between a word and its opposite
RISEN = 0.07  # rise of the validation loss (of its logarithm) from which it learns by heart
GAP = 1.2  # times the training loss, that the validation loss must then be
# times its best, and by how much more, that a training loss must reach to count as growing
EXPLODED, EXPLODED_BY = 2.0, 0.2
JUMPED = 1.5  # times the loss before, at which it jumped
RECOVERED = 1.2  # times the loss before, from which growing and jumps are over
FELL = 0.6  # of the share of the epoch before: it learns anew from there
HIGH = 2.0  # times the last planned share of the learning rate, above which the schedule still has work to do
SLOWED, SLOWED_NO_MORE = 1.8, 1.4  # times the usual epoch
SHORTEST = 1.0  # seconds; shorter epochs vary by chance
# half the 95 % interval of an accuracy, above and below which it cannot and can tell epochs apart
BLURRED, SHARP = 0.055, 0.045
TINY = 30  # validation pictures that tell nothing at all


@dataclass(frozen=True)
class Sight:
    """What is seen after an epoch (`epoch`, from 1), and what must be remembered for the next."""

    epoch: int = 0
    progress: Progress = ""
    at_chance: bool = False
    is_growing: bool = False  # the training loss
    by_heart_since: int = 0  # the epoch of the lowest validation loss; 0: it does not learn by heart
    jump: Change | None = None  # of the learning rate, from which the loss has not recovered
    is_slow: bool = False
    is_blurred: bool = False  # too few validation pictures
    window: int = 0  # epochs that the latest progress was measured over
    gain: float = 0.0  # fall of the logarithm of the validation loss from the window before to this one
    learned_at: int = -1000  # the last epochs at which it was seen to learn, to stand still or get worse
    stood_at: int = -1000
    slowed_at: int = -1000  # when it last began to slow down
    best_accuracy: float = 0.0
    fell_after: int = 0  # epochs before the schedule last lowered the learning rate at one blow
    doubts: int = 0  # epochs in a row that did not show what is said
    calm: int = 0  # epochs in a row that showed no gain


def sights(curves: Curves) -> list[Sight]:
    """What is seen after each epoch, all with the loss up to there only."""
    found: list[Sight] = []
    sight = Sight()
    train = np.log(np.maximum(curves.train_loss, 1e-9))
    val = np.log(np.maximum(curves.val_loss, 1e-9))
    # of an epoch and those beside it
    middle = np.median([val[:-2], val[1:-1], val[2:]], axis=0) if len(val) > 2 else val
    middle = np.pad(middle, (1, 1), constant_values=np.inf)  # the last one's neighbour is not known yet: it is left out
    for epoch in range(1, curves.epochs + 1):
        sight = _next(sight, curves, train[:epoch], val[:epoch], middle[: epoch - 1])
        found.append(sight)
    return found


def _next(before: Sight, curves: Curves, train: np.ndarray, val: np.ndarray, middle: np.ndarray) -> Sight:
    epoch = len(val)
    start = max([change.epoch - 1 for change in curves.changes if change.epoch <= epoch], default=0)  # epochs before it
    jump = _jump(before, curves, train, val)
    best = max(before.best_accuracy, curves.val_accuracy[epoch - 1])
    lowest = _lowest(val[start:], middle[start:])
    growing = not jump and _is_growing(before, train[start:])
    sight = replace(
        before,
        epoch=epoch,
        jump=jump,
        at_chance=_at_chance(curves, epoch, best),
        best_accuracy=best,
        fell_after=epoch - 1
        if epoch > 1 and curves.share[epoch - 1] < FELL * curves.share[epoch - 2]
        else before.fell_after,
        is_growing=growing,
        by_heart_since=0 if jump or growing else _by_heart(before, train[start:], val[start:], lowest, start),
        is_slow=_is_slow(before, curves.seconds[:epoch], curves.epoch_seconds),
        is_blurred=_is_blurred(before, curves, best),
    )
    if sight.by_heart_since or growing or jump:
        return replace(sight, progress="", stood_at=epoch, doubts=0, calm=0)
    if sight.at_chance:
        return replace(sight, progress="", doubts=0, calm=0)
    start = max(start, sight.fell_after)
    return _progress(sight, curves, val[start:], middle[start:])


def _progress(sight: Sight, curves: Curves, val: np.ndarray, middle: np.ndarray) -> Sight:
    """Whether the validation loss still falls."""
    epoch, count = sight.epoch, len(val)
    if count < 2:
        return sight
    window = min(LONGEST, max(1, count // 3))
    recent, earlier = val[-window:], val[-2 * window : -window]
    gain = float(earlier.mean() - recent.mean())
    error = noise(val, window) * math.sqrt(2 / window)
    sight = replace(sight, window=window, gain=gain)
    learns = gain > max(CLEAR * error, NOTICEABLE)
    late = count - 1 - max(2, window // 2)
    is_new = late < 1 or middle[late:].min() < middle[:late].min() - NOTHING  # lower than ever before
    none = window >= 3 and gain < max(NOTHING, error / 2) and not is_new
    calm = sight.calm + 1 if none else 0
    doubts = 0 if gain > max(error, NOTHING) and is_new else sight.doubts + 1
    share, last = curves.share[epoch - 1], curves.last_share[epoch - 1]
    can_fall = share > HIGH * last
    rises = curves.next_share[epoch - 1] > 1.001 * share
    progress: Progress = sight.progress
    if (
        learns
        and is_new
        and epoch - sight.stood_at > PAUSE
        and epoch - sight.slowed_at > (PAUSE if progress == "slowing" else 0)
    ):
        progress = "learning"
    elif rises:
        progress = "learning" if progress == "learning" else ""
    elif calm >= 3 and can_fall and progress != "level":
        progress = "waiting"
    elif calm >= 3 and not can_fall and epoch - sight.learned_at > PAUSE:
        progress = "level"
    elif progress == "learning" and doubts >= max(3, window // 4) or progress == "waiting" and not can_fall:
        progress = "slowing" if gain > 0 else ""
    elif progress == "slowing" and gain < -max(NOTHING, error / 2):
        progress = ""  # small gains are none when the loss rises
    elif progress == "level" and gain > max(2 * error, NOTICEABLE):
        progress = ""
    return replace(
        sight,
        progress=progress,
        calm=calm,
        doubts=doubts,
        learned_at=epoch if progress == "learning" else sight.learned_at,
        stood_at=epoch if progress == "level" else sight.stood_at,
        slowed_at=epoch if progress == "slowing" != sight.progress else sight.slowed_at,
    )


def noise(val: np.ndarray, window: int, bends: int = 1) -> float:
    """By how much single epochs go up and down by chance: a standard deviation of the logarithm of the loss.

    What is left of the two latest windows beside a straight line, or a parabola (`bends` 2); slow swings count.
    """
    recent = val[-max(5, 2 * window) :]
    if len(recent) < 5:
        return SHAKY
    x = np.arange(len(recent)) - (len(recent) - 1) / 2
    left = recent - recent.mean() - x * (x @ recent) / (x @ x)
    if bends == 2:
        bend = x * x - (x * x).mean()  # at right angles to the line
        left = left - bend * (bend @ left) / (bend @ bend)
    return max(STEADY, math.sqrt(left @ left / (len(recent) - 1 - bends)))


def _lowest(val: np.ndarray, middle: np.ndarray) -> int:
    """Where the loss is lowest together with the epochs beside it: not a single lucky one."""
    return int(middle[1:].argmin()) + 1 if len(val) > 2 else int(val.argmin())


def _by_heart(before: Sight, train: np.ndarray, val: np.ndarray, best: int, start: int) -> int:
    if len(val) < 5:
        return 0
    lowest, now = median(val[max(0, best - 1) : best + 2].tolist()), median(val[-3:].tolist())
    knows = median(train[-3:].tolist())  # who knows pictures by heart does better on them than on others
    if before.by_heart_since:
        return before.by_heart_since if now > lowest + RISEN / 3 and knows < now else 0
    falling = knows < min(train[max(0, best - 1) : best + 2].mean(), now - math.log(GAP))
    if not falling or len(val) - 1 - best < max(3, len(val) // 12) or val[-3:].min() < lowest + RISEN / 2:
        return 0
    error = max(noise(val[best:], LONGEST), noise(val[: best + 1], 5, bends=2))
    return best + 1 + start if now - lowest > max(RISEN, CLEAR * error) else 0


def _is_growing(before: Sight, train: np.ndarray) -> bool:
    best, now = math.exp(train.min()), math.exp(train[-1])
    if before.is_growing:
        return now > RECOVERED * best
    return len(train) > 1 and now > EXPLODED * best and now - best > EXPLODED_BY and now > math.exp(train[-2])


def _jump(before: Sight, curves: Curves, train: np.ndarray, val: np.ndarray) -> Change | None:
    """The change of the learning rate by a person after which the loss is a good deal higher than before."""
    epoch = len(val)
    if before.jump:
        old = slice(max(0, before.jump.epoch - 4), before.jump.epoch - 1)
        return before.jump if val[-1] > val[old].mean() + math.log(RECOVERED) else None
    for change in curves.changes:
        if change.epoch > 1 and change.epoch <= epoch < change.epoch + 3:
            old = slice(max(0, change.epoch - 4), change.epoch - 1)
            margin = max(math.log(JUMPED), CLEAR * noise(val[: change.epoch - 1], 2))
            if train[-1] > train[old].mean() + math.log(JUMPED) and val[-1] > val[old].mean() + margin:
                return change
    return None


def _at_chance(curves: Curves, epoch: int, best: float) -> bool:
    """It names classes as if by luck, on the pictures it trains on and on others, and never did much better."""
    chance = 1 / curves.classes
    if max(curves.train_accuracy[epoch - 1], best) > 2 * chance and curves.val_images >= TINY:
        return False
    if min(curves.train_loss[epoch - 1], curves.val_loss[epoch - 1]) > 1.05 * curves.chance_loss:
        return True  # worse than naming every class as often
    of_train = min(curves.train_accuracy[epoch - 1], median(curves.train_accuracy[max(0, epoch - 3) : epoch]))
    of_val = median(curves.val_accuracy[max(0, epoch - 3) : epoch])
    return _may_be(chance, of_train, curves.train_images) and _may_be(chance, of_val, curves.val_images)


def _may_be(chance: float, accuracy: float, images: int) -> bool:
    return math.isfinite(accuracy) and interval(round(accuracy * images), images)[0] <= 1.1 * chance


def half_interval(accuracy: float, images: int) -> float:
    """Half the 95 % interval of an accuracy that was measured on so many images; of one that is not known the widest."""
    if not math.isfinite(accuracy):
        return 0.5
    low, high = interval(round(accuracy * images), images)
    return (high - low) / 2


def _is_blurred(before: Sight, curves: Curves, best: float) -> bool:
    """Whether an accuracy is too uncertain, at the best so far; early on it will get better than that."""
    return half_interval(max(0.8, best), curves.val_images) > (SHARP if before.is_blurred else BLURRED)


def _is_slow(before: Sight, seconds: Sequence[float], shortest: float) -> bool:
    """Slower than it was itself: something else uses the computer. An epoch of slow motion is never slow."""
    if len(seconds) < 6 or seconds[-1] < SHORTEST:
        return False
    usual = median(seconds[:-3])
    if usual < max(SHORTEST, 1.2 * shortest):
        return False
    return min(seconds[-3:]) > (SLOWED_NO_MORE if before.is_slow else SLOWED) * usual
