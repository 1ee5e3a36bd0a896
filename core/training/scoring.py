"""The report of a trained network on a split, and what it said of each picture."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from core.analysis.scores import scores
from core.run_config import RunConfig
from core.runs.predictions import Predictions
from core.training.batches import Pictures
from core.training.checkpoints import load_checkpoint, rebuild
from core.training.evaluation import Measuring, evaluate
from core.training.halving import FewerAtOnce, Fit
from core.training.precision import true_float32
from core.training.views import with_views


class Scored(NamedTuple):
    """How the network of a checkpoint does on a split."""

    report: dict[str, Any]
    predictions: Predictions


def evaluate_checkpoint(
    path: Path, pictures: Pictures, device: torch.device, split: str, fit: Fit | None = None
) -> Generator[Measuring | FewerAtOnce, None, Scored]:
    """Measures the network of a checkpoint on the pictures of a split in float32, yielding after each batch.

    The generator returns it with the report: `split/loss`, `split/accuracy`, macro `split/precision`, `split/recall` and
    `split/f1`, `per_class`, `confusion_matrix` (rows true, columns predicted), `images` and `from_epoch`.
    Raises CheckpointError, and OutOfMemory when one picture does not fit into the memory (see `Fit`).
    """
    content = load_checkpoint(path)
    config = RunConfig.from_dict(content["config"])
    model = rebuild(config.architecture, content, path).to(device, memory_format=pictures.layout)  # type: ignore[call-overload]
    model = with_views(model, config.training.views)
    pictures = replace(pictures, dtype=torch.float32)  # whatever the training computed in
    kept: list[torch.Tensor] = []
    size = config.training.evaluation_batch_size
    with true_float32():
        result = yield from evaluate(model, pictures, config.loss, size, kept=kept, fit=fit)
    report = scores(result.confusion, tuple(content["class_names"]))
    macro = {f"{split}/{name}": report.pop(name) for name in ("accuracy", "precision", "recall", "f1")}
    logits = torch.cat(kept)  # (N, classes)
    rows = torch.arange(len(pictures)) if pictures.rows is None else pictures.rows
    predictions = Predictions(
        (logits - logits.max(dim=1, keepdim=True).values).numpy(), pictures.labels.cpu().numpy(), rows.cpu().numpy()
    )
    return Scored({f"{split}/loss": result.loss, **macro, **report, "from_epoch": content["epoch"]}, predictions)
