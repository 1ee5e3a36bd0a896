"""A script changes pictures at random as the run did."""

import math

import pytest
import torch

from core.export.script.changes import changes_text
from core.training.augmentation import Augmentation
from tests.core.export.script.scripts import run_text

ROWS = {"rotation": [0], "scale": [1], "flip": [2], "shift": [3, 4], "shear": [5], "stretch": [6], "crop": [7, 8]}
ROWS |= {"brightness": [9], "contrast": [10], "gamma": [13], "cutout": [11, 12]}
ALONE_ON = [
    {name: True if name == "flip" else 3 if name == "crop" else 20 if name == "rotation" else 0.3} for name in ROWS
]
TOGETHER = [
    {name: value for each in ALONE_ON for name, value in each.items()},
    {"flip": True, "crop": 5, "contrast": 0.2, "cutout": 0.5},
    {"shift": 0.1, "rotation": 180, "flip": True},
    {"shear": 0.4, "scale": 0.2},
]


def test_every_kind_of_change_is_looked_at():
    assert set(ROWS) | {"mixup", "alternate"} == set(Augmentation.model_fields)


@pytest.mark.parametrize("black", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("settings", [*ALONE_ON, *TOGETHER], ids=lambda each: "-".join(each))
def test_every_change_of_pictures_is_that_of_the_run(settings, channels, black, monkeypatch):
    augmentation, shape = Augmentation(**settings), (channels, 12, 10)
    torch.manual_seed(4)
    pictures = torch.rand(16, *shape) * 0.8
    mean, deviation = torch.rand(channels, 1, 1) / 2, torch.rand(channels, 1, 1) + 0.5
    chance = torch.rand(14, 16, generator=torch.Generator().manual_seed(7))
    fill = (-mean / deviation).flatten() if black else None
    expected = augmentation.apply((pictures - mean) / deviation, torch.Generator().manual_seed(7), fill)

    names = run_text(changes_text(augmentation, shape, black), math=math)
    moves = {"shift", "rotation", "scale", "stretch", "shear"} & set(settings)
    kinds = [*(ROWS if moves else sorted(ROWS, key=lambda name: name == "crop", reverse=True))]
    rows = iter(row for name in kinds if name in settings for row in ROWS[name])
    monkeypatch.setattr(torch, "rand", lambda count, device=None: chance[next(rows)])
    got = (names["changed"](pictures.clone()) - mean) / deviation
    assert next(rows, None) is None, "it drew fewer numbers"
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-4)
    assert not torch.equal(got, (pictures - mean) / deviation)
