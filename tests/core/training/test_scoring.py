"""The report of a checkpoint on a split."""

import pytest
import torch

from core.training import scoring
from core.training.batches import split
from core.training.checkpoints import CheckpointError
from core.training.evaluation import drained, evaluate
from core.training.scoring import evaluate_checkpoint
from tests.core.training.trained import CPU


def test_the_report_and_what_was_said_of_each_picture(finished_run):
    config = finished_run.config()
    training = config.training
    splits = split(config.dataset.load(None), config.dataset, training.validation_share, training.seed, CPU)
    told = []
    measuring = evaluate_checkpoint(finished_run.best, splits.val, CPU, "val")
    report, predictions = drained(measuring, told.append)
    assert told[-1].done == told[-1].images == len(predictions) == len(splits.val) == report["images"]
    assert predictions.logits.max(axis=1).tolist() == [0.0] * len(predictions)
    assert report["val/accuracy"] == pytest.approx(predictions.right.mean())
    assert torch.equal(torch.from_numpy(predictions.rows), splits.val.rows)
    assert {"val/loss", "val/precision", "val/recall", "val/f1", "per_class", "confusion_matrix"} <= report.keys()


def test_a_gpu_does_not_score_in_less_than_float32(finished_run, monkeypatch):
    config, allowed = finished_run.config(), []
    splits = split(config.dataset.load(None), config.dataset, 0.1, 0, CPU)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)

    def measured(*arguments, **how):
        allowed.append(torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32)
        return (yield from evaluate(*arguments, **how))

    monkeypatch.setattr(scoring, "evaluate", measured)
    drained(evaluate_checkpoint(finished_run.best, splits.val, CPU, "val"))
    assert allowed == [False] and torch.backends.cudnn.allow_tf32


def test_a_checkpoint_that_is_not_there_is_said_to_be(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist yet"):
        next(evaluate_checkpoint(tmp_path / "run" / "best.pt", None, CPU, "test"))
