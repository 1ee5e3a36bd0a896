"""In which order and in what batches an epoch shows its images, and what those of each class count."""

from __future__ import annotations

import torch

Bounds = list[tuple[int, int]]  # start and end of batches
BATCH_NORM_NEEDS = 2  # images


def order_of(labels: torch.Tensor, balanced: bool, generator: torch.Generator) -> torch.Tensor:
    """The order in which an epoch shows the images: int64 (N,) on the CPU, a permutation; `balanced` it is drawn with
    replacement, so that every class comes up equally often."""
    if not balanced:
        return torch.randperm(len(labels), generator=generator)
    labels = labels.cpu()
    rarity = 1 / torch.bincount(labels).clamp(min=1).double()
    return torch.multinomial(rarity[labels], len(labels), replacement=True, generator=generator)


def class_weights(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """What each class's images count, float32 (classes,) on the labels' device: every class the same together, 1 on average
    over the images."""
    counts = torch.bincount(labels, minlength=classes)
    return len(labels) / (counts.clamp(min=1) * (counts > 0).sum())


def least_batch(batch_size: int) -> int:
    """How many images a last batch needs for a step of its own, a quarter of the others': the noisy step of three images
    sets a network back by a point just before it is evaluated."""
    return max(BATCH_NORM_NEEDS, -(-batch_size // 4))


def batch_bounds(images: int, batch_size: int, least: int = BATCH_NORM_NEEDS) -> Bounds:
    """Start and end of each batch of an epoch. A last batch of fewer images than `least` joins the one before."""
    starts = list(range(0, images, batch_size))
    if len(starts) > 1 and images - starts[-1] < least:
        starts.pop()
    return [(start, end) for start, end in zip(starts, [*starts[1:], images], strict=True)]
