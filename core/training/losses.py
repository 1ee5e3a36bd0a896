"""Losses. Every network ends in logits; the loss owns the last activation, so each pair is combined correctly.

All are computed in float32, also for bfloat16 logits, whose 8 bits would make losses of 1.003 and 1.000 the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from core.settings.registry import Registry
from core.settings.settings import Settings, setting

if TYPE_CHECKING:
    from torch import Tensor


class LossSettings(Settings):
    """Base of all losses."""

    label: ClassVar[str]
    label_smoothing: float = setting(0.0, "Label smoothing", ge=0, le=0.5)
    """Share of the wanted answer that is spread over all classes, so that the network does not grow too sure of
    itself."""

    def measure(self, logits: Tensor, labels: Tensor, class_weights: Tensor | None = None) -> Tensor:
        """Mean loss: float (N, classes), int64 (N,) -> float32 scalar. Smoothing: Szegedy 2015, arXiv:1512.00567.

        With class weights (classes,), that mean 1 over the training images, each image's loss counts so many times.
        """
        if class_weights is None:
            return self._loss(logits, labels, "mean")
        return (self._loss(logits, labels, "none") * class_weights[labels]).mean()

    def _loss(self, logits: Tensor, labels: Tensor, reduction: str) -> Tensor:
        """The mean, float32 scalar, or with the reduction "none" each image's, float32 (N,)."""
        raise NotImplementedError

    def probabilities(self, logits: Tensor) -> Tensor:
        """What the network thinks of each class, each row summing to 1: (N, classes) -> float32 (N, classes)."""
        return logits.float().softmax(dim=1)

    def _targets(self, labels: Tensor, classes: int) -> Tensor:
        """What the network should answer, each row summing to 1: int64 (N,) -> float32 (N, classes)."""
        import torch

        wanted = (
            labels[:, None] == torch.arange(classes, device=labels.device)
        ).float()  # one_hot may wait for the labels
        if not self.label_smoothing:
            return wanted
        return wanted * (1 - self.label_smoothing) + self.label_smoothing / classes

    def plain(self) -> Self:
        """The same loss without smoothing, for measuring: losses of runs with and without it can then be compared."""
        return self.model_copy(update={"label_smoothing": 0.0})


LOSSES: Registry[type[LossSettings]] = Registry("loss", "cross_entropy")


@LOSSES.register
class CrossEntropy(LossSettings):
    """The usual choice: punishes being sure and wrong.

    Softmax and negative log-likelihood in one, torch.nn.functional.cross_entropy.
    """

    label: ClassVar[str] = "cross-entropy"
    name: Literal["cross_entropy"] = "cross_entropy"

    def _loss(self, logits: Tensor, labels: Tensor, reduction: str) -> Tensor:
        from torch.nn import functional

        return functional.cross_entropy(
            logits.float(), labels, label_smoothing=self.label_smoothing, reduction=reduction
        )


@LOSSES.register
class NegativeLogLikelihood(LossSettings):
    """The same as cross-entropy, written as the MLP tutorial does.

    Log-softmax as the last layer, then torch.nn.functional.nll_loss.
    """

    label: ClassVar[str] = "negative log-likelihood"
    name: Literal["nll"] = "nll"

    def _loss(self, logits: Tensor, labels: Tensor, reduction: str) -> Tensor:
        from torch.nn import functional

        log_shares = logits.float().log_softmax(dim=1)  # (N, classes)
        loss = functional.nll_loss(log_shares, labels, reduction=reduction)
        if not self.label_smoothing:
            return loss
        spread = log_shares.mean() if reduction == "mean" else log_shares.mean(dim=1)
        return (1 - self.label_smoothing) * loss - self.label_smoothing * spread


@LOSSES.register
class MeanSquaredError(LossSettings):
    """How far the probabilities are from 0 and 1, squared. Learns more slowly.

    Softmax probabilities against one-hot targets (Brier score), torch.nn.functional.mse_loss.
    """

    label: ClassVar[str] = "mean squared error"
    name: Literal["mse"] = "mse"

    def _loss(self, logits: Tensor, labels: Tensor, reduction: str) -> Tensor:
        from torch.nn import functional

        wanted = self._targets(labels, logits.shape[1])
        loss = functional.mse_loss(logits.float().softmax(dim=1), wanted, reduction=reduction)
        return loss if reduction == "mean" else loss.mean(dim=1)


@LOSSES.register
class BinaryCrossEntropy(LossSettings):
    """Asks of every class alone: is it this one, yes or no?

    A sigmoid for each class against one-hot targets, torch.nn.functional.binary_cross_entropy_with_logits. Each class
    stands alone; the probabilities shown are the sigmoids scaled to sum to 1.
    """

    label: ClassVar[str] = "binary cross-entropy"
    name: Literal["bce"] = "bce"

    def _loss(self, logits: Tensor, labels: Tensor, reduction: str) -> Tensor:
        from torch.nn import functional

        targets = self._targets(labels, logits.shape[1])
        loss = functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction=reduction)
        return loss if reduction == "mean" else loss.mean(dim=1)

    def probabilities(self, logits: Tensor) -> Tensor:
        # exp(logsigmoid - its largest) scaled: sigmoids that all underflow to 0 still give a ranking
        from torch.nn import functional

        return functional.logsigmoid(logits.float()).softmax(dim=1)
