"""Optimizers: settings classes that build torch's own, and the groups of weights they are given."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ValidationInfo, field_validator

from core.settings.registry import Registry
from core.settings.settings import Settings, setting

if TYPE_CHECKING:
    import torch
    from torch import nn

Groups = list[dict[str, Any]]  # torch's parameter groups
Part = tuple[float, dict[str, Any]]  # share of the learning rate, and options of the group
CACHED = 1_000_000  # weights; up to here torch's fused SGD is faster on a CPU


class OptimizerSettings(Settings):
    """Base of all optimizers. Each has a `learning_rate` and a `weight_decay` with defaults of its own."""

    label: ClassVar[str]  # torch's name of it
    of_groups: ClassVar[set[str]] = set()  # settings that `part` alone knows
    if TYPE_CHECKING:
        name: str  # a Literal with a default in each of them
        learning_rate: float
        weight_decay: float

    def build(self, groups: Groups) -> torch.optim.Optimizer:
        """torch's optimizer of the same name over the groups of `parameter_groups`; its options have our settings' names."""
        options = self.model_dump(exclude={"name", "learning_rate", *self.of_groups})
        weights = [each for group in groups for each in group["params"]]
        device, most = weights[0].device.type, self._fused_up_to()
        count = sum(each.numel() for each in weights)
        if most is not None and (device == "cuda" or (device == "cpu" and count <= most)):
            options["fused"] = True  # else the choice is torch's
        optimizer = _never_compiled(self._kind())(groups, lr=self.learning_rate, **options)
        optimizer.register_load_state_dict_post_hook(_match_layout)
        return optimizer

    def part(self, weights: nn.Parameter, is_last: bool) -> Part:
        """How some weights are trained, apart from the others; `is_last`: those of the layer that answers."""
        return 1.0, {}

    def _kind(self) -> type[torch.optim.Optimizer]:
        import torch

        return getattr(torch.optim, self.label)

    def _fused_up_to(self) -> float | None:
        """How many weights one kernel that updates all of them is faster for on a CPU; None where torch has no such kernel.

        Ratios of the step alone, one core: Adam and AdamW 2.5 to 2.9 on small networks (8 % of an MLP's whole step), 1.2 to
        1.3 on ResNet18; SGD with momentum 1.4 to 1.8 on small networks but 0.4 on ResNet18, without momentum 0.8 to 1.1.
        """
        return math.inf


OPTIMIZERS: Registry[type[OptimizerSettings]] = Registry("optimizer", "adam")


def parameter_groups(model: nn.Module, optimizer: OptimizerSettings, lr_scale: Callable[[str], float]) -> Groups:
    """The trainable weights of a model as torch's parameter groups, in the order in which the model names them.

    `lr_scale` gives each weight's share of the learning rate by its name. A group keeps it as `lr_scale`, so that a schedule can
    set `lr` to learning_rate * factor * lr_scale. Weight decay is for matrices and filters: pulling biases and the scales of
    norms towards zero takes away what they are for (He et al. 2018, arXiv:1812.01187, section 3.1).
    """
    groups: dict[str, dict[str, Any]] = {}
    last_layer = list(dict(model.named_parameters()))[-1].rpartition(".")[0]
    for name, weights in model.named_parameters():
        if weights.requires_grad:
            decay = optimizer.weight_decay if weights.ndim >= 2 else 0.0
            share, options = optimizer.part(weights, name.rpartition(".")[0] == last_layer)
            share *= lr_scale(name)
            rate = optimizer.learning_rate * share
            group = {"lr": rate, "lr_scale": share, "weight_decay": decay, **options}
            groups.setdefault(repr(group), {"params": [], **group})["params"].append(weights)
    return list(groups.values())


def _never_compiled(kind: type[torch.optim.Optimizer]) -> type[torch.optim.Optimizer]:
    """The same optimizer without torch's marks that tell its compiler to leave a method alone: the first call of one imports all
    of the compiler, 1.6 seconds of a processor and 150 MB in every process that trains. `compile` is for the network alone."""
    import torch

    marked = ("add_param_group", "load_state_dict", "state_dict", "step", "zero_grad")
    plain = {name: inspect.unwrap(getattr(kind, name)) for name in marked}
    return type(kind.__name__, (kind,), {**plain, "step": torch.no_grad()(plain["step"])})


def _match_layout(optimizer: torch.optim.Optimizer) -> None:
    """Gives a loaded state the memory layout of its weights: torch's fused kernels read memory in order and would silently mix up
    numbers of a state that is not channels last where the weights are."""
    import torch

    for weights, state in optimizer.state.items():
        for name, value in state.items():
            if torch.is_tensor(value) and value.shape == weights.shape and value.stride() != weights.stride():
                state[name] = torch.empty_like(weights, dtype=value.dtype).copy_(value)


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
    nesterov: bool = setting(False, "Nesterov")
    """Looks ahead along the momentum before measuring the slope."""
    weight_decay: float = _weight_decay()

    @field_validator("nesterov")
    @classmethod
    def _needs_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and info.data.get("momentum") == 0:
            raise ValueError("Nesterov is on but momentum is 0; it needs a momentum above 0, 0.9 for example.")
        return nesterov

    def _fused_up_to(self) -> float | None:
        return CACHED if self.momentum else 0


@OPTIMIZERS.register
class Adam(OptimizerSettings):
    """Finds a step length for every weight by itself: a good first choice.

    Kingma and Ba 2014, arXiv:1412.6980, torch.optim.Adam.
    """

    label: ClassVar[str] = "Adam"
    name: Literal["adam"] = "adam"
    learning_rate: float = _learning_rate(0.001)
    weight_decay: float = _weight_decay()


@OPTIMIZERS.register
class AdamW(OptimizerSettings):
    """Adam with a weight decay that works as meant.

    Loshchilov and Hutter 2017, arXiv:1711.05101, torch.optim.AdamW.
    """

    label: ClassVar[str] = "AdamW"
    name: Literal["adamw"] = "adamw"
    learning_rate: float = _learning_rate(0.001)
    weight_decay: float = _weight_decay(0.01)


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

    def _fused_up_to(self) -> float | None:
        return None


@OPTIMIZERS.register
class Muon(OptimizerSettings):
    """Turns every layer's step so that it changes as much in all directions: few steps for convolutional networks.

    Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/. Biases, norms and the last layer take SGD's steps.
    """

    label: ClassVar[str] = "Muon"
    of_groups: ClassVar[set[str]] = {"last_layer", "biases", "others_momentum"}
    name: Literal["muon"] = "muon"
    learning_rate: float = _learning_rate(0.02)
    momentum: float = _momentum(0.95)
    unit_filters: bool = setting(False, "Filters of length one")
    """Brings filters back to length one before each step. Only for networks with a norm behind every layer but the last, to
    which the length makes no difference."""
    last_layer: float = setting(1.0, "Last layer's rate", gt=0, le=10_000, unit="times the learning rate")
    """How fast the last layer trains, whose steps are SGD's."""
    biases: float = setting(1.0, "Biases' rate", gt=0, le=10_000, unit="times the learning rate")
    """How fast the other biases and the scales of norms train, whose steps are SGD's."""
    others_momentum: float = setting(0.9, "Momentum of the others", ge=0, le=0.999)
    """Momentum of the last layer, biases and norms."""
    weight_decay: float = _weight_decay()

    def part(self, weights: nn.Parameter, is_last: bool) -> Part:
        if weights.ndim >= 2 and not is_last:
            return 1.0, {"orthogonal": True, "momentum": self.momentum}
        share = self.last_layer if is_last else self.biases
        return share, {"orthogonal": False, "momentum": self.others_momentum}

    def _kind(self) -> type[torch.optim.Optimizer]:
        from core.training import muon

        return muon.Muon

    def _fused_up_to(self) -> float | None:
        return None
