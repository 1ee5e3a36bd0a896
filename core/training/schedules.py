"""Schedules: how large a share of the learning rate is used as training goes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from core.settings.registry import Registry
from core.settings.settings import Settings, setting
from core.text.numbers import count

START = 0.01  # share at the first step of a warm-up
SMALLEST = 1e-6  # share below which no schedule goes: a step of 0 would look like a training that hangs


class ScheduleSettings(Settings):
    """Base of all schedules. They keep no state: what one must remember lies in a plain dict that its caller stores."""

    label: ClassVar[str]
    follows_validation: ClassVar[bool] = False  # the share depends on how the training goes
    if TYPE_CHECKING:
        name: str  # a Literal with a default in each of them

    def factor(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        """Share of the learning rate to use, above 0 and at most 1, when `epoch` (0..epochs, 1.5: in the middle of the
        second) of `epochs` are done. Called in every step."""
        raise NotImplementedError

    def last_factor(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        """Share in the last step of `epochs`, as far as it is known when `epoch` are done."""
        return self.factor(max(0.0, epochs - 0.01), epochs, memory)

    def after_epoch(self, memory: dict[str, float], val_loss: float) -> None:
        """Takes note of an epoch's val/loss in `memory`, which starts empty."""

    def problem(self, epochs: int) -> str | None:
        """One sentence on what does not fit a training of so many epochs."""
        return None


SCHEDULES: Registry[type[ScheduleSettings]] = Registry("schedule", "constant")


class _WithWarmUp(ScheduleSettings):
    """Base of the schedules that can begin with a warm-up, in which the share rises evenly from 0.01 to 1."""

    warmup: float = setting(0.0, "Warm-up", ge=0, le=1000, unit="epochs")
    """Begins with tiny steps that grow over this time, which keeps a large learning rate from exploding. 0: off."""

    def factor(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        if epoch < self.warmup:
            return START + (1 - START) * epoch / self.warmup
        return max(SMALLEST, self._after_warm_up(epoch, epochs, memory))

    def _after_warm_up(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        """The share from the end of the warm-up on, 0..1."""
        raise NotImplementedError

    def problem(self, epochs: int) -> str | None:
        if self.warmup < epochs:
            return None
        has = count(epochs, "epoch")
        return f"Warm-up is {self.warmup:g} epochs, but the training has {has}; choose less than {epochs:,}."


@SCHEDULES.register
class Constant(_WithWarmUp):
    """The same learning rate from start to end."""

    label: ClassVar[str] = "constant"
    name: Literal["constant"] = "constant"

    def _after_warm_up(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        return 1.0


@SCHEDULES.register
class Step(_WithWarmUp):
    """Falls in steps: big moves first, fine ones later.

    The learning rate times `gamma` after every so many epochs, as torch.optim.lr_scheduler.StepLR.
    """

    label: ClassVar[str] = "steps"
    name: Literal["step"] = "step"
    every: int = setting(5, "Every", ge=1, le=10_000, unit="epochs")
    """Epochs between one fall and the next."""
    gamma: float = setting(0.1, "Factor", gt=0, le=1)
    """What the learning rate is multiplied by at each fall."""

    def _after_warm_up(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        return self.gamma ** (epoch // self.every)


@SCHEDULES.register
class Cosine(_WithWarmUp):
    """Falls gently to almost nothing at the end: a good choice for most trainings.

    Half a cosine wave from the end of the warm-up to the last step (Loshchilov and Hutter 2016, arXiv:1608.03983, without
    restarts), as torch.optim.lr_scheduler.CosineAnnealingLR.
    """

    label: ClassVar[str] = "cosine"
    name: Literal["cosine"] = "cosine"
    final: float = setting(0.0, "Final share", ge=0, le=1)
    """Share of the learning rate that is left at the end."""

    def _after_warm_up(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        # a training that was shortened below its warm-up never comes here: before, epoch <= epochs <= warmup
        done = (epoch - self.warmup) / (epochs - self.warmup) if epochs > self.warmup else 1.0
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * done)) / 2


@SCHEDULES.register
class Linear(_WithWarmUp):
    """Falls evenly to almost nothing at the end; with a warm-up a triangle.

    As torch.optim.lr_scheduler.LinearLR from the end of the warm-up to the last step.
    """

    label: ClassVar[str] = "linear"
    name: Literal["linear"] = "linear"
    final: float = setting(0.0, "Final share", ge=0, le=1)
    """Share of the learning rate that is left at the end."""

    def _after_warm_up(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        done = (epoch - self.warmup) / (epochs - self.warmup) if epochs > self.warmup else 1.0
        return 1 - (1 - self.final) * done


@SCHEDULES.register
class OneCycle(ScheduleSettings):
    """Rises to the learning rate and falls to almost nothing: the fastest way to a good network in few epochs.

    Smith and Topin 2017, arXiv:1708.07120, in the cosine shape of torch.optim.lr_scheduler.OneCycleLR: from 1/25 up to 1 and
    down to 1/250,000.
    """

    label: ClassVar[str] = "one cycle"
    name: Literal["one_cycle"] = "one_cycle"
    peak_at: float = setting(0.3, "Peak at", ge=0.01, le=0.99)
    """Share of the training after which the learning rate is reached."""

    def factor(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        first, last = 1 / 25, 1 / 250_000
        done, peak = epoch / epochs, self.peak_at
        if done < peak:
            return 1 + (first - 1) * (1 + math.cos(math.pi * done / peak)) / 2
        return last + (1 - last) * (1 + math.cos(math.pi * (done - peak) / (1 - peak))) / 2


@SCHEDULES.register
class Plateau(_WithWarmUp):
    """Falls whenever the network stops getting better on the validation images.

    By val/loss, which must fall by a ten-thousandth to count as better, as torch.optim.lr_scheduler.ReduceLROnPlateau.
    """

    label: ClassVar[str] = "plateau"
    follows_validation: ClassVar[bool] = True
    name: Literal["plateau"] = "plateau"
    gamma: float = setting(0.5, "Factor", gt=0, le=0.99)
    """What the learning rate is multiplied by at each fall."""
    patience: int = setting(2, "Patience", ge=0, le=1000, unit="epochs")
    """Epochs in a row that may pass without getting better."""

    def _after_warm_up(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        return memory.get("factor", 1.0)

    def last_factor(self, epoch: float, epochs: int, memory: dict[str, float]) -> float:
        """If nothing gets better any more."""
        falls = (epochs - epoch + memory.get("worse", 0.0)) // (self.patience + 1)
        return max(SMALLEST, memory.get("factor", 1.0) * self.gamma**falls)

    def after_epoch(self, memory: dict[str, float], val_loss: float) -> None:
        if val_loss < memory.get("best", math.inf) * (1 - 1e-4):
            memory["best"], memory["worse"] = val_loss, 0.0
            return
        memory["worse"] = memory.get("worse", 0.0) + 1  # NaN comes here too: it is no progress
        if memory["worse"] > self.patience:
            memory["factor"] = max(SMALLEST, memory.get("factor", 1.0) * self.gamma)
            memory["worse"] = 0.0
