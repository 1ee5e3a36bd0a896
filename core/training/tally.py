"""The running tally of a training epoch."""

from __future__ import annotations

import torch

GATHERED = 50  # batches counted at once: six small operations a step cost 5 % of a small network's step


class Tally:
    """Mean loss and accuracy over the batches of an epoch, counted on the device many batches at a time."""

    def __init__(self) -> None:
        self._waiting: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
        self._images = 0
        self._loss_sum: torch.Tensor | float = 0.0
        self._hits: torch.Tensor | float = 0.0

    def add(self, logits: torch.Tensor, labels: torch.Tensor, loss: torch.Tensor) -> None:
        """A batch: logits (n, classes), labels (n,) and its mean loss (), none of them with a gradient."""
        self._waiting.append((logits, labels, loss))
        if len(self._waiting) == GATHERED:
            self._count()

    def loss(self) -> float:
        self._count()
        return float(self._loss_sum) / self._images

    def accuracy(self) -> float:
        """Share of the images whose largest logit was that of their class, 0..1."""
        self._count()
        return float(self._hits) / self._images

    def _count(self) -> None:
        if not self._waiting:
            return
        logits, labels, losses = zip(*self._waiting, strict=True)
        sizes = torch.tensor([len(batch) for batch in labels], dtype=torch.float32).to(losses[0].device)
        self._loss_sum = self._loss_sum + torch.stack(losses) @ sizes
        self._hits = self._hits + (torch.cat(logits).argmax(dim=1) == torch.cat(labels)).sum()
        self._images += sum(len(batch) for batch in labels)
        self._waiting.clear()
