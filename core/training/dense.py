"""Steps of a network that is nothing but fully connected layers and ReLU, in mixed precision on a CPU, without autograd.

Such a step takes less than a millisecond, most of it in five matrix products. Around them autograd, autocast, which rounds every
weight anew, and passes over numbers that have left the cache would take as long again. Here what moves the weights also writes
their bfloat16 copies, ReLU is a part of the product before it, and gradients stay in bfloat16 until they are used. Products are
autocast's and numbers are rounded where torch rounds them. The last layer, its loss and the gradients of both are one kernel
(`core.native.dense`), where it stays in float32 and the loss is the usual one; its sums are added in another order than torch's,
so that losses and gradients are torch's up to the rounding of float32. Without it (TRAINDESK_NATIVE=0) every digit is torch's.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TypeGuard

import torch
from torch import nn

from core.training.gradients import Mix, Outcome, add_gradients, loss_of_logits
from core.training.kernels import FEW, kernels
from core.training.linear import OneDNNLinear, SmallLinear
from core.training.losses import CrossEntropy, LossSettings, NegativeLogLikelihood
from core.training.momentum import Momentum

BFLOAT16 = torch.bfloat16
CLASSES = 16  # as many as the kernel of the last layer computes


class DenseStep:
    """The gradients of such a network, and its optimizer's step."""

    def __init__(self, network: nn.Sequential, optimizer: torch.optim.Optimizer, keeps_gradients: bool):
        """`network`: one of which `is_dense` says so. `keeps_gradients`: the weights' own gradients are looked at before the
        step."""
        self._flattens = type(network[0]) is nn.Flatten
        layers = [layer for layer in network if isinstance(layer, nn.Linear)]
        self._weights = [weights for layer in layers for weights in (layer.weight, layer.bias)]
        self._kinds = [torch.float32 if type(layer) is SmallLinear else BFLOAT16 for layer in layers for _ in range(2)]
        self._optimizer = optimizer
        self._momentum = None if keeps_gradients else Momentum.of(optimizer, self._weights)
        self._native = kernels("dense") if torch.get_num_threads() <= FEW else {}
        is_small = type(layers[-1]) is SmallLinear and layers[-1].out_features <= CLASSES
        self._ends_natively = is_small and bool(self._native)
        self._copies: list[torch.Tensor] = []  # of the weights, as they are multiplied by
        self._gradients: list[torch.Tensor] = []  # of the same kinds
        self._copied: list[tuple[int, int]] = []  # the weights at that time
        self._space = torch.zeros(0)  # for the kernel of the last layer
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
            values = self._forward(inputs)
            is_usual = _is_cross_entropy(loss_of) and not mix and class_weights is None
            if is_usual and self._ends_natively:
                loss, logits, gradient = self._end(values[-1], labels)
            else:
                loss, logits, gradient = self._end_by_torch(values[-1], loss_of, labels, mix, class_weights)
            self._backward(values, gradient)
        self._moves = self._momentum is not None and self._momentum.is_ready(self._gradients, self._copies)
        if not self._moves:
            for weights, own in zip(self._weights, self._gradients, strict=True):
                weights.grad = own.float()
        return loss, logits

    def move(self) -> None:
        """The optimizer's step with these gradients."""
        if self._moves and self._momentum is not None:
            self._momentum.move()
            return
        self._copied = []  # torch's fused optimizers do not tell that they changed the weights
        self._optimizer.step()

    def _copy_weights(self) -> None:
        """Unless the copies are those of the weights as they are."""
        now = [(weights._version, weights.data_ptr()) for weights in self._weights]
        if now != self._copied:
            pairs = list(zip(self._weights, self._kinds, strict=True))
            self._copies = [weights.detach().to(kind) for weights, kind in pairs]
            self._gradients = self._gradients or [torch.empty_like(copy) for copy in self._copies]
            self._copied = now

    def _forward(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """What each layer receives, (n, features)."""
        values = [inputs.flatten(1).to(BFLOAT16)]
        for each in zip(self._copies[:-2:2], self._copies[1:-2:2], strict=True):
            values.append(torch.ops.mkldnn._linear_pointwise(values[-1], *each, "relu", [], ""))
        return values

    def _end(self, values: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The mean loss (), the logits (n, classes), and the gradient of the last layer's inputs; writes that of its weights."""
        (weight, bias), gradients = self._copies[-2:], self._gradients[-2:]
        (count, size), classes = values.shape, len(bias)
        if len(self._space) < 24 * size + 16 * (count + 2):
            self._space = torch.zeros(24 * size + 16 * (count + 2))
        logits, loss, gradient = torch.empty((count, classes)), torch.empty(()), torch.empty_like(values)
        memory = (values, weight, bias, labels.contiguous(), logits, loss, *gradients, gradient, self._space)
        self._native["last_layer"](*(each.data_ptr() for each in memory), count, size, classes)
        return loss, logits, gradient

    def _end_by_torch(
        self,
        values: torch.Tensor,
        loss_of: LossSettings,
        labels: torch.Tensor,
        mix: Mix | None,
        class_weights: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The same for every last layer and loss."""
        weight, bias = self._copies[-2:]
        received = values.to(weight.dtype)
        logits = torch.addmm(bias, received, weight.t())
        loss, gradient = _loss_and_gradient(loss_of, logits, labels, mix, class_weights)
        gradient = gradient.to(weight.dtype)
        torch.mm(gradient.t(), received, out=self._gradients[-2])
        torch.sum(gradient, 0, out=self._gradients[-1])
        return loss, logits, torch.mm(gradient, weight).to(BFLOAT16)

    def _backward(self, values: list[torch.Tensor], gradient: torch.Tensor) -> None:
        """Writes the gradients of the hidden layers; `gradient`: of what the last layer receives."""
        for number in reversed(range(len(values) - 1)):
            weights, bias = self._gradients[2 * number : 2 * number + 2]
            gradient = self._cut(gradient, values[number + 1], bias)
            torch.mm(gradient.t(), values[number], out=weights)
            if number:
                gradient = torch.mm(gradient, self._copies[2 * number])

    def _cut(self, gradient: torch.Tensor, outputs: torch.Tensor, sums: torch.Tensor) -> torch.Tensor:
        """The gradient (n, features) of what ReLU received, which gave `outputs`; writes its sums (features,)."""
        if not self._native:
            gradient = torch.ops.aten.threshold_backward(gradient, outputs, 0)
            torch.sum(gradient, 0, out=sums)
            return gradient
        self._native["cut"](gradient.data_ptr(), outputs.data_ptr(), sums.data_ptr(), *outputs.shape)
        return gradient


def dense_step(
    network: nn.Module, optimizer: torch.optim.Optimizer, precision: torch.dtype, keeps_gradients: bool
) -> DenseStep | None:
    """The step of such a network in mixed precision; None for every other. `keeps_gradients`: see `DenseStep`."""
    if precision == BFLOAT16 and is_dense(network):
        return DenseStep(network, optimizer, keeps_gradients)
    return None


def is_dense(network: nn.Module) -> TypeGuard[nn.Sequential]:
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


def _is_cross_entropy(loss_of: LossSettings) -> bool:
    return type(loss_of) in (CrossEntropy, NegativeLogLikelihood) and not loss_of.label_smoothing


def _loss_and_gradient(
    loss_of: LossSettings,
    logits: torch.Tensor,
    labels: torch.Tensor,
    mix: Mix | None,
    class_weights: torch.Tensor | None,
) -> Outcome:
    """The mean loss () and the gradient of the logits (n, classes)."""
    if not _is_cross_entropy(loss_of) or mix or class_weights is not None:
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
