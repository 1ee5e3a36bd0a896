"""The running metrics of a training epoch."""

from __future__ import annotations

import math
from typing import Any

import torch

GATHERED = 50  # batches counted at once: six small operations a step cost 5 % of a small network's step


class RunningMetrics:
    """Mean loss and accuracy over the batches of an epoch, counted on the device many batches at a time."""

    def __init__(self) -> None:
        self._waiting: list[tuple[torch.Tensor, torch.Tensor]] = []  # logits, labels
        self._losses: list[torch.Tensor] = []  # of each batch
        self._sizes: list[int] = []
        self._images = 0
        self._hits: torch.Tensor | int = 0

    def add(self, logits: torch.Tensor, labels: torch.Tensor, loss: torch.Tensor) -> None:
        """A batch: logits (n, classes), labels (n,) and its mean loss (), none of them with a gradient."""
        self._waiting.append((logits, labels))
        self._losses.append(loss)
        self._sizes.append(len(labels))
        self._images += len(labels)
        if len(self._waiting) == GATHERED:
            self._count()

    def loss(self) -> float:
        """Mean over all images. The sum is exactly rounded, so that a pause in the middle changes no digit of it."""
        losses = torch.stack(self._losses).tolist()
        return math.fsum(loss * size for loss, size in zip(losses, self._sizes, strict=True)) / sum(self._sizes)

    def accuracy(self) -> float:
        """Share of the images whose largest logit was that of their class, 0..1."""
        hits, images = self.counts()
        return hits / images

    def counts(self) -> tuple[int, int]:
        """(images read rightly, images) so far. Reading them waits for the device."""
        return self.read([])[1:]

    def read(self, losses: list[torch.Tensor]) -> tuple[list[float], int, int]:
        """Some losses () float32, images read rightly, and images so far, in one reading, for which the device is waited once."""
        self._count()
        if isinstance(self._hits, int):
            return torch.stack(losses).tolist() if losses else [], self._hits, self._images
        as_bits = [loss.view(torch.int32) for loss in losses]  # both kinds of numbers in one tensor
        values = torch.stack([*as_bits, self._hits.to(torch.int32)]).cpu()
        self._hits = int(values[-1])
        return values[:-1].view(torch.float32).tolist(), self._hits, self._images

    def state(self) -> dict[str, Any]:
        """All of it as plain values and a tensor, for a checkpoint."""
        losses, hits, _ = self.read(self._losses)
        return {"losses": torch.tensor(losses), "sizes": list(self._sizes), "hits": hits}

    @classmethod
    def restored(cls, state: dict[str, Any], device: torch.device) -> RunningMetrics:
        """What `state` said, with its tensor on the device. Raises KeyError when something is missing."""
        restored = cls()
        restored._losses = list(state["losses"].to(device).unbind())
        restored._sizes, restored._images, restored._hits = list(state["sizes"]), sum(state["sizes"]), state["hits"]
        return restored

    def _count(self) -> None:
        if self._waiting:
            logits, labels = zip(*self._waiting, strict=True)
            self._hits = self._hits + (torch.cat(logits).argmax(dim=1) == torch.cat(labels)).sum()
            self._waiting.clear()
