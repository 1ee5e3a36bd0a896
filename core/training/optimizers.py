"""Optimizers: settings classes that build torch's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ValidationInfo, field_validator

from core.registry import Registry
from core.settings import Settings, setting

if TYPE_CHECKING:
    import torch

    Parameters = Iterable[torch.nn.Parameter]


class OptimizerSettings(Settings):
    """Base of all optimizers."""

    label: ClassVar[str]

    def build(self, parameters: Parameters) -> torch.optim.Optimizer:
        """torch's optimizer over these parameters."""
        raise NotImplementedError


OPTIMIZERS: Registry[type[OptimizerSettings]] = Registry("optimizer")


def _learning_rate(default: float) -> float:
    return setting(
        default,
        "Learning rate",
        "How far each step moves the weights. Too small learns slowly; too large makes the loss jump or explode.",
        gt=0,
        le=10,
    )


def _weight_decay(default: float = 0.0) -> float:
    return setting(
        default, "Weight decay", "Pulls weights towards zero in each step, against memorising. 0: off.", ge=0, le=1
    )


def _momentum(default: float) -> float:
    return setting(
        default,
        "Momentum",
        "Share of the last step's movement that is kept, like a rolling ball. 0: none.",
        ge=0,
        le=0.999,
    )


@OPTIMIZERS.register
class SGD(OptimizerSettings):
    """Steps straight downhill, with momentum like a rolling ball.

    Stochastic gradient descent, torch.optim.SGD.
    """

    label: ClassVar[str] = "SGD"
    name: Literal["sgd"] = "sgd"
    learning_rate: float = _learning_rate(0.01)
    momentum: float = _momentum(0.9)
    nesterov: bool = setting(False, "Nesterov", "Looks ahead along the momentum before measuring the slope.")
    weight_decay: float = _weight_decay()

    @field_validator("nesterov")
    @classmethod
    def _needs_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and info.data.get("momentum") == 0:
            raise ValueError("Nesterov is on but momentum is 0; it needs a momentum above 0, 0.9 for example.")
        return nesterov

    def build(self, parameters: Parameters) -> torch.optim.Optimizer:
        import torch

        return torch.optim.SGD(
            parameters,
            lr=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
        )


@OPTIMIZERS.register
class Adam(OptimizerSettings):
    """Finds a step length for every weight by itself: a good first choice.

    Kingma and Ba 2014, arXiv:1412.6980, torch.optim.Adam.
    """

    label: ClassVar[str] = "Adam"
    name: Literal["adam"] = "adam"
    learning_rate: float = _learning_rate(0.001)
    weight_decay: float = _weight_decay()

    def build(self, parameters: Parameters) -> torch.optim.Optimizer:
        import torch

        return torch.optim.Adam(parameters, lr=self.learning_rate, weight_decay=self.weight_decay)


@OPTIMIZERS.register
class AdamW(OptimizerSettings):
    """Adam with a weight decay that works as meant.

    Loshchilov and Hutter 2017, arXiv:1711.05101, torch.optim.AdamW.
    """

    label: ClassVar[str] = "AdamW"
    name: Literal["adamw"] = "adamw"
    learning_rate: float = _learning_rate(0.001)
    weight_decay: float = _weight_decay(0.01)

    def build(self, parameters: Parameters) -> torch.optim.Optimizer:
        import torch

        return torch.optim.AdamW(parameters, lr=self.learning_rate, weight_decay=self.weight_decay)


@OPTIMIZERS.register
class RMSprop(OptimizerSettings):
    """Divides each step by how much the slope jumps.

    Hinton, Neural Networks for Machine Learning, lecture 6e, torch.optim.RMSprop.
    """

    label: ClassVar[str] = "RMSprop"
    name: Literal["rmsprop"] = "rmsprop"
    learning_rate: float = _learning_rate(0.001)
    momentum: float = _momentum(0.0)
    weight_decay: float = _weight_decay()

    def build(self, parameters: Parameters) -> torch.optim.Optimizer:
        import torch

        return torch.optim.RMSprop(
            parameters, lr=self.learning_rate, momentum=self.momentum, weight_decay=self.weight_decay
        )
