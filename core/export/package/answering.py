"""A network that leaves with all that its answer needs: pixels in, honest probabilities and whether it knows the picture out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from core.inference.classifier import Classifier
from core.inference.neighbours import NEIGHBOUR, SIDE, WIDEST, Neighbours, projection
from core.training.views import with_views


class Answering(nn.Module):
    """What the dashboard computes of prepared pictures (`Classifier.embed`, `tempered`, `Neighbours.ood_score`), as one module.

    Pictures come as people and cameras have them, channels last and uint8, so that nobody can scale them twice or not at all.
    What it learned from is kept as small as it is exact: features as float16, pixels as uint8.
    """

    def __init__(self, classifier: Classifier, known: Neighbours):
        super().__init__()
        self.network = with_views(classifier.model, classifier.config.training.views).eval()
        self.loss = classifier.config.loss
        self.last = [module for module in self.network.modules() if isinstance(module, nn.Linear)][-1]
        mean, deviation = (
            torch.tensor(values).view(1, -1, 1, 1) for values in classifier.config.dataset.mean_and_deviation()
        )
        self.register_buffer("scale", 1 / (255 * deviation))  # as `core.training.batches.Pictures` has them
        self.register_buffer("offset", -mean / deviation)
        self.register_buffer("features", torch.from_numpy(known.features.astype(np.float16)))  # (M, F)
        self.register_buffer("pixels", torch.from_numpy((known.pixels * 255).round().astype(np.uint8)))  # (M, P)
        wide = self.last.in_features
        self.register_buffer("projection", torch.from_numpy(projection(wide, WIDEST)) if wide > WIDEST else None)
        self.temperature = known.temperature
        self.units, self.limit = known.units, known.limit()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """uint8 (N, H, W, C) -> probabilities float32 (N, classes), rows summing to 1; how unlike the training pictures each is,
        float32 (N,); whether it is so unlike them that the network should say that it does not know, bool (N,)."""
        pixels = images.permute(0, 3, 1, 2).float()  # (N, C, H, W)
        seen: list[Tensor] = []  # in each view, the first as it is
        hook = self.last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].flatten(1).float()))
        try:
            probabilities = self.loss.probabilities(self.network(pixels * self.scale + self.offset))
        finally:
            hook.remove()
        tempered = (probabilities.clamp_min(1e-12).log() / self.temperature).softmax(dim=1)
        by_features = self._distance(self.features.float(), self._directions(seen[0])) / self.units[0]
        by_pixels = self._distance(self.pixels.float() / 255, _small(pixels)) / self.units[1]
        ood_score = (by_features + by_pixels) / 2
        return tempered, ood_score, ood_score > self.limit

    def _directions(self, features: Tensor) -> Tensor:
        flat = features if self.projection is None else features @ self.projection
        return flat / flat.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-9)

    @staticmethod
    def _distance(bank: Tensor, pictures: Tensor) -> Tensor:
        """Squared distances of pictures (N, F) to the NEIGHBOUR-th nearest of a bank (M, F): (N,)."""
        squares = bank.square().sum(dim=1)
        found = pictures.square().sum(dim=1, keepdim=True) + squares - 2 * pictures @ bank.T
        return found.topk(NEIGHBOUR, dim=1, largest=False, sorted=True).values[:, NEIGHBOUR - 1].clamp_min(0)


def _small(pixels: Tensor) -> Tensor:
    """`core.inference.neighbours.small` of float32 (N, C, H, W) in steps of 1, 0..255."""
    _, channels, height, width = pixels.shape
    step = -(-max(height, width) // SIDE)
    if step > 1:
        rows, columns = max(1, height // step), max(1, width // step)
        cut = pixels[:, :, : rows * step, : columns * step]
        squares = cut.reshape(-1, channels, rows, step, columns, step)
        pixels = (
            squares.sum(dim=(3, 5)) / step**2
        ).round()  # a sum is exact, and halves are rounded to the even number
    return pixels.flatten(1) / 255
