"""The report of a trained network on a split."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from core.config import RunConfig
from core.training.batches import Pictures
from core.training.checkpoints import load_checkpoint, rebuild
from core.training.loop import Measuring, evaluate
from core.training.metrics import scores


def evaluate_checkpoint(
    path: Path, pictures: Pictures, device: torch.device, split: str
) -> Generator[Measuring, None, dict[str, Any]]:
    """Measures the network of a checkpoint on the pictures of a split in float32, yielding after each batch.

    The generator returns the report: `split/loss`, `split/accuracy`, macro `split/precision`, `split/recall` and
    `split/f1`, `per_class`, `confusion_matrix` (rows true, columns predicted), `images` and `from_epoch`.
    Raises CheckpointError.
    """
    content = load_checkpoint(path)
    config = RunConfig.from_dict(content["config"])
    model = rebuild(content, path).to(device, memory_format=torch.channels_last)
    pictures = replace(pictures, dtype=torch.float32)  # whatever the training computed in
    result = yield from evaluate(model, pictures, config.loss, config.training.evaluation_batch_size)
    report = scores(result.confusion, tuple(content["class_names"]))
    macro = {f"{split}/{name}": report.pop(name) for name in ("accuracy", "precision", "recall", "f1")}
    return {f"{split}/loss": result.loss, **macro, **report, "from_epoch": content["epoch"]}
