"""Losses. Every network ends in logits; the loss owns the last activation, so each pair is combined correctly."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from core.registry import Registry
from core.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor


class LossSettings(Settings):
    """Base of all losses."""

    label: ClassVar[str]

    def measure(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean loss: float (N, classes), int64 (N,) -> scalar."""
        raise NotImplementedError

    def probabilities(self, logits: Tensor) -> Tensor:
        """What the network thinks of each class, each row summing to 1: (N, classes) -> (N, classes)."""
        return logits.softmax(dim=1)


LOSSES: Registry[type[LossSettings]] = Registry("loss")


@LOSSES.register
class CrossEntropy(LossSettings):
    """The usual choice: punishes being sure and wrong.

    Softmax and negative log-likelihood in one, torch.nn.functional.cross_entropy.
    """

    label: ClassVar[str] = "cross-entropy"
    name: Literal["cross_entropy"] = "cross_entropy"

    def measure(self, logits: Tensor, labels: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.cross_entropy(logits, labels)


@LOSSES.register
class NegativeLogLikelihood(LossSettings):
    """The same as cross-entropy, written as the MLP tutorial does.

    Log-softmax as the last layer, then torch.nn.functional.nll_loss.
    """

    label: ClassVar[str] = "negative log-likelihood"
    name: Literal["nll"] = "nll"

    def measure(self, logits: Tensor, labels: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.nll_loss(logits.log_softmax(dim=1), labels)


@LOSSES.register
class MeanSquaredError(LossSettings):
    """How far the probabilities are from 0 and 1, squared. Learns more slowly.

    Softmax probabilities against one-hot targets (Brier score), torch.nn.functional.mse_loss.
    """

    label: ClassVar[str] = "mean squared error"
    name: Literal["mse"] = "mse"

    def measure(self, logits: Tensor, labels: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.mse_loss(logits.softmax(dim=1), _one_hot(labels, logits))


@LOSSES.register
class BinaryCrossEntropy(LossSettings):
    """Asks of every class alone: is it this one, yes or no?

    A sigmoid for each class against one-hot targets, torch.nn.functional.binary_cross_entropy_with_logits. Each class
    is judged alone; the probabilities shown are the sigmoids scaled to sum to 1.
    """

    label: ClassVar[str] = "binary cross-entropy"
    name: Literal["bce"] = "bce"

    def measure(self, logits: Tensor, labels: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.binary_cross_entropy_with_logits(logits, _one_hot(labels, logits))

    def probabilities(self, logits: Tensor) -> Tensor:
        # exp(logsigmoid - its largest) scaled: sigmoids that all underflow to 0 still give a ranking
        from torch.nn import functional

        return functional.logsigmoid(logits).softmax(dim=1)


def _one_hot(labels: Tensor, logits: Tensor) -> Tensor:
    from torch.nn import functional

    return functional.one_hot(labels, logits.shape[1]).to(logits.dtype)  # (N,) -> (N, classes)
