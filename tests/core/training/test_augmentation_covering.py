"""Augmentation that leaves parts of a picture out: crop and cutout."""

import pytest
import torch

from core.training.augmentation import Augmentation
from tests.core.training.pictures import images, numbered, random


@pytest.mark.parametrize("fill", [None, torch.tensor([-1.0, -2.0, -3.0])])
def test_a_crop_is_a_window_of_the_padded_picture_and_every_window_is_as_likely(fill):
    pad, before = 2, numbered(2500, 6, 9, 3)
    after = Augmentation(crop=pad).apply(before, random(), fill)
    if fill is None:
        padded = torch.nn.functional.pad(before, (pad,) * 4, mode="reflect")
    else:
        padded = fill.view(1, 3, 1, 1).expand(2500, 3, 10, 13).clone()
        padded[:, :, pad:-pad, pad:-pad] = before
    places = [(top, left) for top in range(5) for left in range(5)]
    fits = torch.stack(
        [(after == padded[:, :, y : y + 6, x : x + 9]).flatten(1).all(dim=1) for y, x in places]
    )  # (25, N)
    assert (fits.sum(dim=0) == 1).all()
    expected = 2500 / 25
    chi_squared = ((fits.sum(dim=1) - expected) ** 2 / expected).sum()
    assert chi_squared < 51  # 99.9 % of fair draws with 24 degrees of freedom are below


def test_a_crop_takes_at_most_half_of_the_picture_away():
    before = torch.ones(300, 1, 8, 4)
    after = Augmentation(crop=32).apply(before, random(), torch.zeros(1))
    left = after.sum(dim=(1, 2, 3))
    assert left.min() == 2 * 6 and left.max() == 32  # 2 of 4 columns and 6 of 8 rows remain


def test_a_crop_and_mirroring_work_on_a_single_pixel():
    before = images(5, side=1)
    assert torch.equal(Augmentation(crop=4, flip=True).apply(before, random()), before)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.75])
def test_cutout_blanks_one_square_of_its_side_and_nothing_else(share):
    before, fill = torch.rand(600, 2, 12, 20, generator=random(1)) + 1, torch.tensor([-1.0, -2.0])
    after = Augmentation(cutout=share).apply(before, random(), fill)
    side = round(share * 12)
    blank = after != before
    assert torch.equal(blank[:, 0], blank[:, 1])
    rows, columns = blank[:, 0].any(dim=2), blank[:, 0].any(dim=1)  # (N, 12), (N, 20)
    assert (rows.sum(dim=1) == side).all() and (columns.sum(dim=1) == side).all()
    assert (blank[:, 0].sum(dim=(1, 2)) == side * side).all()
    for channel in range(2):
        assert (after[:, channel][blank[:, channel]] == fill[channel]).all()
    for inside, length in ((rows, 12), (columns, 20)):
        assert set(inside.int().argmax(dim=1).tolist()) == set(range(length - side + 1)), "a place is never taken"


def test_cutout_without_an_outside_blanks_with_the_mean_of_the_batch():
    before = images(50, channels=3)
    after = Augmentation(cutout=0.5).apply(before, random())
    blank = after != before
    for channel in range(3):
        values = after[:, channel][blank[:, channel]]
        torch.testing.assert_close(values, before[:, channel].mean().expand_as(values))
