"""Which validation pictures show people how a network learns."""

from __future__ import annotations

import torch

from core.runs.snapshots import PICTURES


def probe_rows(labels: torch.Tensor, number: int = PICTURES) -> torch.Tensor:
    """Which pictures of a split with these labels are probe images: int64 (n,) on the CPU, one of each class in turn."""
    by_class = [(labels == label).nonzero().flatten().tolist() for label in labels.unique().tolist()]
    rounds = range(max(map(len, by_class), default=0))
    chosen = [rows[turn] for turn in rounds for rows in by_class if turn < len(rows)][:number]
    return torch.tensor(sorted(chosen, key=lambda row: (int(labels[row]), row)), dtype=torch.int64)
