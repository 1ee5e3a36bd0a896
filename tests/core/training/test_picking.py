"""Pictures picked by machine code are those that torch picks, to the last digit."""

import pytest
import torch

from core.datasets import DATASETS
from core.training import batches
from core.training.batches import pictures
from core.training.kernels import kernels

CPU = torch.device("cpu")


@pytest.mark.skipif(not kernels("picking"), reason="llvmlite is not installed")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("name", ["mnist", "cifar10", "digits"])
def test_every_digit_is_torchs(name, dtype, monkeypatch):
    dataset = DATASETS.parse(name)
    shape = (dataset.info().shape[0], 9, 5)  # rows that no vector fits
    images = torch.randint(0, 256, (50, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    part = batches.dataclasses.replace(pictures(images, torch.arange(50), dataset, CPU), dtype=dtype)
    order = torch.randperm(50, generator=torch.Generator().manual_seed(4))[:37]
    ((pick, labels),) = part.only(torch.arange(50)).picks(order, [(0, 37)])
    found = part.picked(pick)
    monkeypatch.setattr(batches, "picked_natively", None)
    with pytest.raises(TypeError):
        part.picked(pick)  # so it was machine code
    monkeypatch.setattr(batches, "picks_natively", lambda *_: False)
    assert torch.equal(found, part.picked(pick)) and found.stride() == part.picked(pick).stride()
    assert found.dtype == dtype and labels.tolist() == order.tolist()
