"""Steps of a network that is nothing but fully connected layers and ReLU, in mixed precision on a CPU, without autograd.

Such a step takes a millisecond, and no more than half of it are matrix products: the rest is autograd, autocast, which rounds
every weight anew, and passes over numbers that have left the cache. Here what moves the weights also writes their bfloat16
copies, ReLU is a part of the product before it, and gradients stay in bfloat16 until they are used. Products are autocast's
and everything is rounded where torch rounds it, so every digit is torch's own.
"""

from __future__ import annotations

import ctypes
from contextlib import AbstractContextManager

import torch
from torch import nn

from core.training.gradients import Mix, Outcome, add_gradients, loss_of_logits
from core.training.kernels import FEW, kernels
from core.training.linear import OneDNNLinear, SmallLinear
from core.training.losses import CrossEntropy, LossSettings, NegativeLogLikelihood
from core.training.optimizers import CACHED

BFLOAT16 = torch.bfloat16


class DenseStep:
    """The gradients of such a network, and its optimizer's step."""

    def __init__(self, network: nn.Sequential, optimizer: torch.optim.Optimizer, keeps_gradients: bool):
        """`network`: one of which `is_dense` says so. `keeps_gradients`: the weights' own gradients are looked at before the
        step."""
        self._flattens = type(network[0]) is nn.Flatten
        layers = [layer for layer in network if isinstance(layer, nn.Linear)]
        self._weights = [weights for layer in layers for weights in (layer.weight, layer.bias)]
        self._kinds = [torch.float32 if type(layer) is SmallLinear else BFLOAT16 for layer in layers for _ in range(2)]
        self._optimizer, self._keeps = optimizer, keeps_gradients
        self._copies: list[torch.Tensor] = []  # of the weights, as they are multiplied by
        self._gradients: list[torch.Tensor] = []  # of the same kinds
        self._copied: list[tuple[int, int]] = []  # the weights at that time
        self._moves = False  # the step that comes next is taken here

    def add_gradients(
        self,
        network: nn.Module,
        loss_of: LossSettings,
        inputs: torch.Tensor,
        labels: torch.Tensor,
        mix: Mix | None,
        micro_batches: int,
        precision: AbstractContextManager,
        class_weights: torch.Tensor | None = None,
    ) -> Outcome:
        """As `core.training.gradients.add_gradients`; the weights' own gradients stay None where `move` does without."""
        self._moves = False
        is_plain = micro_batches == 1 and (self._flattens or inputs.ndim == 2)
        if not is_plain or any(weights.grad is not None for weights in self._weights):
            return add_gradients(network, loss_of, inputs, labels, mix, micro_batches, precision, class_weights)
        with torch.no_grad():
            self._copy_weights()
            values, logits = self._forward(inputs)
            loss, gradient = _loss_and_gradient(loss_of, logits, labels, mix, class_weights)
            self._backward(values, gradient)
        self._moves = self._can_move()
        if not self._moves:
            for weights, own in zip(self._weights, self._gradients, strict=True):
                weights.grad = own.float()
        return loss, logits

    def move(self) -> None:
        """The optimizer's step with these gradients."""
        if not self._moves:
            self._copied = []  # torch's fused optimizers do not tell that they changed the weights
            self._optimizer.step()
            return
        parts = dict(zip(self._weights, zip(self._gradients, self._copies, strict=True), strict=True))
        run, state = kernels("momentum"), self._optimizer.state
        for group in self._optimizer.param_groups:
            rates = (ctypes.c_float * 3)(group["lr"], group["momentum"], group["weight_decay"])
            for weights in group["params"]:
                gradient, copy = parts[weights]
                memory = (weights, state[weights]["momentum_buffer"], gradient, copy)
                run["move_16" if gradient.dtype == BFLOAT16 else "move_32"](
                    *(each.data_ptr() for each in memory), ctypes.addressof(rates), weights.numel(), group["nesterov"]
                )

    def _copy_weights(self) -> None:
        """Unless the copies are those of the weights as they are."""
        now = [(weights._version, weights.data_ptr()) for weights in self._weights]
        if now != self._copied:
            pairs = list(zip(self._weights, self._kinds, strict=True))
            self._copies = [weights.detach().to(kind) for weights, kind in pairs]
            self._gradients = self._gradients or [torch.empty_like(copy) for copy in self._copies]
            self._copied = now

    def _forward(self, inputs: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        """What each layer receives, (n, features), and the logits."""
        *hidden, weight, bias = self._copies
        values = [inputs.flatten(1).to(BFLOAT16)]
        for each in zip(hidden[::2], hidden[1::2], strict=True):
            values.append(torch.ops.mkldnn._linear_pointwise(values[-1], *each, "relu", [], ""))
        return values, torch.addmm(bias, values[-1].to(weight.dtype), weight.t())

    def _backward(self, values: list[torch.Tensor], gradient: torch.Tensor) -> None:
        """Writes the gradients; `gradient`: of the logits."""
        for number in reversed(range(len(values))):
            weight, received = self._copies[2 * number], values[number]
            gradient = gradient.to(weight.dtype)
            torch.mm(gradient.t(), received.to(weight.dtype), out=self._gradients[2 * number])
            torch.sum(gradient, 0, out=self._gradients[2 * number + 1])
            if number:
                gradient = torch.mm(gradient, weight).to(BFLOAT16)
                gradient = torch.ops.aten.threshold_backward(gradient, received, 0)

    def _can_move(self) -> bool:
        """Whether the step can be taken here: SGD with momentum, from its second step on."""
        optimizer = self._optimizer
        state = [optimizer.state.get(weights, {}).get("momentum_buffer") for weights in self._weights]
        return (
            not self._keeps
            and isinstance(optimizer, torch.optim.SGD)
            and all(kept is not None for kept in state)
            and all(group["momentum"] and not group["dampening"] for group in optimizer.param_groups)
            and sum(len(group["params"]) for group in optimizer.param_groups) == len(self._weights)
            and sum(weights.numel() for weights in self._weights) <= CACHED
            and torch.get_num_threads() <= FEW
            and bool(kernels("momentum"))
        )


def is_dense(network: nn.Module) -> bool:
    """Whether a network is nothing but fully connected layers with ReLU between them, all of which train, on a CPU that
    multiplies in bfloat16."""
    if type(network) is not nn.Sequential:
        return False
    layers = list(network)
    if layers and type(layers[0]) is nn.Flatten and repr(layers[0]) == repr(nn.Flatten()):
        layers = layers[1:]
    hidden, between = layers[::2], layers[1::2]
    return (
        len(hidden) == len(between) + 1 > 1
        and all(type(layer) is nn.ReLU for layer in between)
        and all(type(layer) in (nn.Linear, OneDNNLinear) for layer in hidden[:-1])
        and type(hidden[-1]) in (nn.Linear, OneDNNLinear, SmallLinear)
        and all(layer.bias is not None for layer in hidden)
        and all(_is_usual(weights) for weights in network.parameters())
        and _multiplies_in_bfloat16()
    )


def _is_usual(weights: nn.Parameter) -> bool:
    is_float = weights.device.type == "cpu" and weights.dtype == torch.float32
    return is_float and weights.requires_grad and weights.is_contiguous()


def _multiplies_in_bfloat16() -> bool:
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    except (AttributeError, RuntimeError):  # a torch without oneDNN
        return False


def _loss_and_gradient(
    loss_of: LossSettings,
    logits: torch.Tensor,
    labels: torch.Tensor,
    mix: Mix | None,
    class_weights: torch.Tensor | None,
) -> Outcome:
    """The mean loss () and the gradient of the logits (n, classes)."""
    is_usual = type(loss_of) in (CrossEntropy, NegativeLogLikelihood) and not loss_of.label_smoothing
    if not is_usual or mix or class_weights is not None:
        leaf = logits.detach().requires_grad_()
        with torch.enable_grad():
            loss = loss_of_logits(loss_of, leaf, labels, mix, class_weights)
        return loss.detach(), torch.autograd.grad(loss, leaf)[0]
    aten = torch.ops.aten
    shares = logits.float().log_softmax(1)
    how = (shares, labels, None, 1, -100)  # the mean, no label left out
    loss, total = aten.nll_loss_forward(*how)
    gradient = aten.nll_loss_backward(torch.ones(()), *how, total)
    return loss, aten._log_softmax_backward_data(gradient, shares, 1, torch.float32)
