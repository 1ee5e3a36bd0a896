"""What the coach reads of a run: one value for each epoch, what the schedule did and will do, and what a person changed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.run_config import RunConfig
from core.runs.events import FAILED, PAUSED, Event
from core.runs.history import History
from core.runs.running import epochs_at
from core.training.losses import CrossEntropy, NegativeLogLikelihood

EXPLODED = ("The loss became", "A weight became")  # how the message of a run begins that ended in what is no number
SAME_SHARE = 0.05  # how far the share held back may be from the one that was asked for

POINTS = 5  # of the training loss, before and after a change of the learning rate
FAR_TIMES, FAR_ABOVE = 2.0, 0.5  # times the loss before, and above it


@dataclass(frozen=True)
class Change:
    """A learning rate that a person set while the run trained."""

    epoch: int  # the first that trained with it, from 1
    before: float
    after: float


@dataclass(frozen=True)
class Jump:
    """What the steps of an epoch under way say of a learning rate that was set in it."""

    change: Change
    before: float  # training loss
    after: float


@dataclass(frozen=True)
class Curves:
    """What the coach looks at; all tuples hold one value for each epoch that was completed, (E,)."""

    train_loss: tuple[float, ...]  # NaN where it was no number, as in the others
    train_accuracy: tuple[float, ...]  # 0..1
    val_loss: tuple[float, ...]
    val_accuracy: tuple[float, ...]
    seconds: tuple[float, ...]
    share: tuple[float, ...]  # of the learning rate, in the middle of the epoch
    next_share: tuple[float, ...]  # the same of the epoch that follows
    last_share: tuple[float, ...]  # of the last planned epoch, as far as it was known then
    classes: int
    train_images: int
    val_images: int
    planned: int  # epochs
    learning_rate: float  # now, before the schedule
    usual_learning_rate: float  # the optimizer's default
    # of a network that names every class as often; infinite where the loss has no such value
    chance_loss: float = math.inf
    changes: tuple[Change, ...] = ()
    fresh_jump: Jump | None = None  # before the epochs can show it
    can_augment: bool = True  # no random changes of the pictures are on
    can_hold_back: bool = True  # the validation pictures are a share of the training pictures
    end: str = ""  # how it ended: finished, stopped, failed
    has_exploded: bool = False  # it ended because the loss was no number any more
    epoch_seconds: float = 0.0  # seconds of slow motion

    @property
    def epochs(self) -> int:
        """How many have ended."""
        return len(self.val_loss)


def curves_of(history: History, config: RunConfig) -> Curves:
    """What the coach looks at of a run that has started."""
    started, end, epochs = history.started or {}, history.end or {}, list(history.epochs)
    classes = len(started.get("class_names", ())) or 2
    train, val = started.get("train_images") or 1, started.get("val_images") or 1
    changes = tuple(_changes(history, config.optimizer.learning_rate))
    val_loss = _numbers(epochs, "val/loss")
    share, next_share, last_share = _shares(history, config, val_loss)
    return Curves(
        train_loss=_numbers(epochs, "train/loss"),
        train_accuracy=_numbers(epochs, "train/accuracy"),
        val_loss=val_loss,
        val_accuracy=_numbers(epochs, "val/accuracy"),
        seconds=_numbers(epochs, "seconds"),
        share=share,
        next_share=next_share,
        last_share=last_share,
        classes=classes,
        train_images=train,
        val_images=val,
        planned=started.get("epochs") or config.training.epochs,
        learning_rate=changes[-1].after if changes else config.optimizer.learning_rate,
        usual_learning_rate=type(config.optimizer).model_validate({}).learning_rate,
        chance_loss=math.log(classes) if isinstance(config.loss, CrossEntropy | NegativeLogLikelihood) else math.inf,
        changes=changes,
        fresh_jump=_fresh_jump(history, changes, len(epochs)) if not end else None,
        can_augment=not (config.augmentation.is_on() or config.augmentation.mixes()),
        can_hold_back=not config.dataset.brings_validation()
        and abs(val / (train + val) - config.training.validation_share) <= SAME_SHARE,
        end=str(end.get("event", "")).replace(PAUSED, ""),
        has_exploded=end.get("event") == FAILED and str(end.get("message", "")).startswith(EXPLODED),
        epoch_seconds=math.inf if history.playbacks else config.training.epoch_seconds,
    )


def _shares(history: History, config: RunConfig, val_loss: tuple[float, ...]) -> list[tuple[float, ...]]:
    """The schedule once more, with what it was told: shares in this epoch, in the next, in the last planned one."""
    schedule, memory = config.schedule, dict[str, float]()
    found = []
    for done, loss in enumerate(val_loss):
        sessions = [session.planned for session in history.sessions if session.epoch <= done and session.planned]
        planned = max(done + 1, sessions[-1] if sessions else config.training.epochs)
        now = schedule.factor(done + 0.5, planned, memory)
        schedule.after_epoch(memory, loss)
        ahead = schedule.factor(min(done + 1.5, planned - 0.01), planned, memory)
        found.append((now, ahead, schedule.last_factor(done + 1, planned, memory)))
    return [tuple(column) for column in zip(*found, strict=True)] if found else [(), (), ()]


def _changes(history: History, rate: float) -> Iterable[Change]:
    for event in list(history.learning_rates):
        if (after := event.get("learning_rate")) and after != rate:
            done = float(epochs_at(history, np.array([event.get("step", 0)]))[0])
            yield Change(int(done) + 1, rate, after)
            rate = after


def _fresh_jump(history: History, changes: tuple[Change, ...], epochs: int) -> Jump | None:
    """The last change, if the loss is far higher since then; later the epochs tell."""
    if not changes or epochs > changes[-1].epoch:
        return None
    count = min(len(history.steps), len(history.losses))  # another thread may be reading on
    steps, losses = np.array(history.steps[:count]), np.array(history.losses[:count], dtype=float)
    since = steps > list(history.learning_rates)[-1].get("step", 0)
    earlier, later = losses[~since][-POINTS:], losses[since][-POINTS:]
    if len(earlier) < POINTS or len(later) < POINTS:
        return None
    before, after = (float(np.median(np.nan_to_num(part, nan=np.inf))) for part in (earlier, later))
    far = math.isfinite(after) and after > max(FAR_TIMES * before, before + FAR_ABOVE)
    return Jump(changes[-1], before, after) if far else None


def _numbers(epochs: list[Event], name: str) -> tuple[float, ...]:
    """NaN where a log holds none."""
    return tuple(math.nan if epoch.get(name) is None else float(epoch[name]) for epoch in epochs)
