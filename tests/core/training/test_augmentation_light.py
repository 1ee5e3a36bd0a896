"""Augmentation of light: brightness, contrast, gamma."""

import pytest
import torch

from core.training.augmentation import Augmentation
from tests.core.training.pictures import random


def photos(count=300):
    """(N, 3, 8, 8): a black pixel, a white one, and in between."""
    pictures = torch.rand(count, 3, 8, 8, generator=random(5)) * 0.4 + 0.2
    pictures[:, :, 0, 0], pictures[:, :, 0, 1] = 0, 1
    return pictures


@pytest.mark.parametrize("fill", [None, torch.zeros(3)])
def test_brightness_multiplies_light_within_its_share_and_black_stays_black(fill):
    before = photos()
    after = Augmentation(brightness=0.3).apply(before, random(), fill)
    assert (after[:, :, 0, 0] == 0).all()
    times = after[:, :, 1:] / before[:, :, 1:]
    torch.testing.assert_close(times, times[:, :1, :1, :1].expand_as(times))
    assert times.min() >= 0.7 - 1e-5 and times.max() <= 1.3 + 1e-5
    assert times.min() < 0.72 and times.max() > 1.28
    assert after.max() <= 1 + 1e-6


def test_black_is_the_outside_also_where_a_batch_has_none():
    before = photos()[:, :, 1:]  # 0.2 to 0.6
    after = Augmentation(brightness=0.3).apply(before, random(), torch.zeros(3))
    times = after / before
    dimmed = times[:, 0, 0, 0] < 1  # the others may be cut off at the brightest of the batch
    assert 100 < dimmed.sum() < 200
    torch.testing.assert_close(times[dimmed], times[dimmed][:, :1, :1, :1].expand_as(times[dimmed]))


def test_contrast_keeps_the_mean_of_a_picture_and_scales_what_differs_from_it():
    before = photos()
    after = Augmentation(contrast=0.5).apply(before, random())
    mean = before.mean(dim=(2, 3), keepdim=True)
    lower = (after[:, :, 0, 1] < 1).all(dim=1)  # where nothing had to be cut off at white
    assert 50 < lower.sum() < 250
    times = ((after - mean) / (before - mean))[lower]
    middle = times.flatten(1).median(dim=1).values
    assert middle.min() >= 0.5 - 1e-4 and middle.min() < 0.52 and middle.max() <= 1
    torch.testing.assert_close(after[lower].mean(dim=(2, 3)), mean[lower].flatten(1), rtol=0, atol=1e-5)
    assert after.min() >= 0 and after.max() <= 1


@pytest.mark.parametrize("fill", [None, torch.tensor([0.0, 0.0, 0.0])])
def test_light_and_contrast_are_the_same_on_pixels_and_on_normalised_inputs(fill):
    mean, deviation = torch.tensor([0.1, 0.5, 0.3]).view(3, 1, 1), torch.tensor([0.2, 0.3, 0.4]).view(3, 1, 1)
    change = Augmentation(brightness=0.5, contrast=0.5, gamma=1.0)
    on_pixels = change.apply(photos(), random(), fill)
    black = None if fill is None else (fill - mean.flatten()) / deviation.flatten()
    on_inputs = change.apply((photos() - mean) / deviation, random(), black)
    torch.testing.assert_close(on_inputs * deviation + mean, on_pixels, rtol=0, atol=1e-5)


@pytest.mark.parametrize("fill", [None, torch.zeros(3)])
def test_gamma_is_a_power_for_each_picture_and_black_and_white_stay(fill):
    before = photos()
    after = Augmentation(gamma=1.0).apply(before, random(), fill)
    torch.testing.assert_close(after[:, :, 0, :2], before[:, :, 0, :2])
    powers = after[:, :, 1:].log() / before[:, :, 1:].log()
    torch.testing.assert_close(powers, powers[:, :1, :1, :1].expand_as(powers), rtol=1e-3, atol=0)
    assert 0.5 - 1e-3 < powers.min() < 0.52 and 1.95 < powers.max() < 2 + 1e-3
    assert 110 < (powers[:, 0, 0, 0] > 1).sum() < 190, "thicker as often as thinner"


def test_gamma_leaves_an_empty_batch_of_one_colour_alone():
    before = torch.full((4, 1, 5, 5), -0.4)
    assert torch.equal(Augmentation(gamma=2.0).apply(before, random(), torch.tensor([-0.4])), before)


def test_gamma_is_drawn_apart_from_brightness_and_contrast():
    before = photos(1000)
    lights = (Augmentation(brightness=0.3).apply(before, random()) / before)[:, 0, 4, 4]
    contrasts = Augmentation(contrast=0.3).apply(before, random()).std(dim=(1, 2, 3)) / before.std(dim=(1, 2, 3))
    powers = (Augmentation(gamma=1.0).apply(before, random()).log() / before.log())[:, 0, 4, 4].log()
    together = torch.corrcoef(torch.stack([lights, contrasts, powers]))
    assert together[2, :2].abs().max() < 0.12
