"""A run's pictures on its device, in the precision it computes in; a run that goes on keeps the one it had."""

import pytest
import torch

from core.training import precision
from core.training.build import begin
from core.training.data import data_on_device, pixels_of_a_batch
from tests.core.training.trained import CPU
from tests.helpers import quick_config


@pytest.fixture(autouse=True)
def _images(monkeypatch):
    data = quick_config().dataset.load(None)
    monkeypatch.setattr("core.training.data.open_images", lambda dataset, folder: data)


def test_pixels_of_a_batch():
    assert pixels_of_a_batch(quick_config(batch_size=10)) == 10 * 64
    assert pixels_of_a_batch(quick_config(dataset="cifar10", batch_size=2)) == 2 * 3 * 32 * 32


@pytest.mark.parametrize(
    ("wanted", "before", "batch_size", "chosen"),
    [
        ("auto", None, 64, torch.float32),
        ("auto", None, 400, torch.bfloat16),
        ("auto", "float32", 400, torch.float32),
        ("auto", "bfloat16", 64, torch.bfloat16),
        ("float32", "bfloat16", 400, torch.float32),
        ("bfloat16", "float32", 64, torch.bfloat16),
    ],
)
def test_what_was_chosen_automatically_stays_chosen(wanted, before, batch_size, chosen, monkeypatch, tmp_path):
    monkeypatch.setattr(precision, "processor", lambda: {"avx512_bf16": True})
    config = quick_config(batch_size=batch_size, training={"precision": wanted})
    _, choice = data_on_device(config, tmp_path, CPU, before and {"precision": before})
    assert choice.way.precision is chosen


def test_pictures_and_network_come_in_the_chosen_layout(tmp_path):
    config = quick_config(architecture="simple_cnn")
    before = {"precision": "float32", "layout": "channels first"}
    splits, choice = data_on_device(config, tmp_path, CPU, before)
    state = begin(config, splits, CPU, None, choice.way.precision)
    filters = next(each for each in state.model.parameters() if each.ndim == 4 and each.shape[1] > 1)
    assert choice.way.layout is splits.train.layout is splits.test.layout is state.layout is torch.contiguous_format
    assert filters.is_contiguous() and splits.train.slice(0, 2)[0].stride() == (64, 64, 8, 1)
    splits, _ = data_on_device(config, tmp_path, CPU)
    filters = next(
        each for each in begin(config, splits, CPU, None).model.parameters() if each.ndim == 4 and each.shape[1] > 1
    )
    assert not filters.is_contiguous() and splits.train.slice(0, 2)[0].stride() == (64, 1, 8, 1)


def test_the_splits_are_those_of_the_config(tmp_path):
    settings = {"validation_share": 0.25, "seed": 3}
    splits, _ = data_on_device(quick_config(training=settings), tmp_path, CPU)
    other, _ = data_on_device(quick_config(training={**settings, "seed": 4}), tmp_path, CPU)
    assert len(splits.val) == pytest.approx(1437 / 4, abs=5) and len(splits.test) == 360
    assert not torch.equal(splits.val.rows, other.val.rows)
