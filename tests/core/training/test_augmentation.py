"""Augmentation: what it may do to pictures, and what it must leave alone."""

import math

import pytest
import torch

from core.training.augmentation import Augmentation
from core.training.transforms import Affine, warped

STRENGTHS = {
    "shift": 0.2,
    "rotation": 30,
    "scale": 0.3,
    "stretch": 0.3,
    "shear": 0.5,
    "flip": True,
    "crop": 3,
    "brightness": 0.4,
    "contrast": 0.4,
    "cutout": 0.4,
}


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=32, channels=1, side=16):
    return torch.rand(count, channels, side, side, generator=random(9))


def test_it_is_off_by_default_and_on_with_any_strength():
    assert not Augmentation().is_on()
    for name, value in STRENGTHS.items():
        assert Augmentation(**{name: value}).is_on()


def test_every_setting_is_tried_here():
    assert {*STRENGTHS, "mixup"} == set(Augmentation.model_fields)


def test_mixing_is_apart_from_changing():
    assert Augmentation(mixup=0.2).mixes() and not Augmentation(mixup=0.2).is_on()
    assert not Augmentation(**STRENGTHS).mixes()


def test_without_strength_pictures_stay_exactly_as_they_are():
    assert torch.equal(Augmentation().apply(images(channels=3), random(), torch.ones(3)), images(channels=3))


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("name", STRENGTHS)
def test_memory_layout_is_kept_and_changes_no_number(name, layout):
    before = images(channels=3).contiguous(memory_format=layout)
    after = Augmentation(**{name: STRENGTHS[name]}).apply(before, random())
    assert after.is_contiguous(memory_format=layout)
    torch.testing.assert_close(after, Augmentation(**{name: STRENGTHS[name]}).apply(images(channels=3), random()))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", STRENGTHS)
def test_shape_type_and_range_are_kept_and_pictures_change(name, channels):
    before = images(channels=channels)
    after = Augmentation(**{name: STRENGTHS[name]}).apply(before, random())
    assert after.shape == before.shape and after.dtype == torch.float32
    assert after.min() >= before.min() - 1e-5 and after.max() <= before.max() + 1e-5
    assert not torch.allclose(after, before, atol=1e-2)
    torch.testing.assert_close(before, images(channels=channels), msg="the pictures given are not touched")


def test_mirroring_is_exact_and_happens_to_half():
    before = images(400)
    after = Augmentation(flip=True).apply(before, random())
    mirrored = (after == before.flip(3)).flatten(1).all(dim=1)
    same = (after == before).flatten(1).all(dim=1)
    assert (mirrored ^ same).all()
    assert 150 < mirrored.sum() < 250


def test_mirroring_works_together_with_moving():
    before = torch.zeros(400, 1, 21, 21)
    before[:, :, 8:13, 16:19] = 1  # on the right
    after = Augmentation(flip=True, shift=0.05).apply(before, random())
    assert 150 < (centre_of_mass(after)[:, 1] < 10).sum() < 250


def centre_of_mass(pictures):
    pictures = pictures.squeeze(1)
    side = pictures.shape[-1]
    mass = pictures.sum(dim=(1, 2))
    rows = (pictures.sum(dim=2) * torch.arange(side)).sum(dim=1) / mass
    columns = (pictures.sum(dim=1) * torch.arange(side)).sum(dim=1) / mass
    return torch.stack([rows, columns], dim=1)  # (N, 2)


def dots(count, side=41):
    pictures = torch.zeros(count, 1, side, side)
    pictures[:, :, side // 2 - 1 : side // 2 + 2, side // 2 - 1 : side // 2 + 2] = 1
    return pictures


def test_shift_stays_within_its_share_in_both_directions():
    before = dots(500)
    moved = centre_of_mass(Augmentation(shift=0.2).apply(before, random())) - centre_of_mass(before)  # pixels
    limit = 0.2 * 41
    assert moved.abs().max() <= limit + 0.01
    for axis in (0, 1):
        assert moved[:, axis].max() > 0.9 * limit and moved[:, axis].min() < -0.9 * limit


def test_rotation_turns_within_its_angle_about_the_middle():
    before = torch.zeros(300, 1, 41, 41)
    before[:, :, 19:22, 35:38] = 1  # to the right of the middle
    after = centre_of_mass(Augmentation(rotation=30).apply(before, random())) - 20
    degrees = torch.rad2deg(torch.atan2(after[:, 0], after[:, 1]))
    assert degrees.abs().max() <= 30.5
    assert degrees.max() > 25 and degrees.min() < -25
    torch.testing.assert_close(after.norm(dim=1), torch.full((300,), 16.0), rtol=0, atol=0.3)


def test_scale_enlarges_and_shrinks_within_its_share():
    before = torch.zeros(300, 1, 41, 41)
    before[:, :, 15:26, 15:26] = 1
    sides = Augmentation(scale=0.3).apply(before, random()).sum(dim=(1, 2, 3)).sqrt() / 11
    assert sides.min() >= 0.69 and sides.max() <= 1.31
    assert sides.min() < 0.75 and sides.max() > 1.25


def test_the_generator_alone_decides():
    change = Augmentation(**STRENGTHS)
    first = change.apply(images(), random(3))
    torch.manual_seed(77)
    assert torch.equal(first, change.apply(images(), random(3)))
    assert not torch.equal(first, change.apply(images(), random(4)))


def test_each_picture_and_each_call_is_changed_differently():
    same = images(1).expand(8, -1, -1, -1)
    generator = random()
    first, second = (Augmentation(shift=0.2).apply(same, generator) for _ in range(2))
    assert len({tuple(picture.flatten().tolist()) for picture in [*first, *second]}) == 16


def test_padding_repeats_the_border():
    after = Augmentation(shift=0.5, rotation=180, scale=0.5).apply(torch.full((50, 3, 8, 8), 0.7), random())
    torch.testing.assert_close(after, torch.full((50, 3, 8, 8), 0.7), rtol=0, atol=1e-5)


def test_with_an_outside_what_comes_in_has_its_value_in_each_channel():
    outside = torch.tensor([-0.4, 0.1, 2.0])
    after = Augmentation(shift=0.5).apply(torch.full((50, 3, 8, 8), 0.7), random(), outside)
    for channel, value in enumerate(outside.tolist()):
        low, high = sorted([value, 0.7])
        assert after[:, channel].min() >= low - 1e-5 and after[:, channel].max() <= high + 1e-5
        assert torch.isclose(after[:, channel], outside[channel]).any(), "nothing came in"
        assert torch.isclose(after[:, channel], torch.tensor(0.7)).any(), "the picture is gone"


def test_an_outside_changes_nothing_where_nothing_comes_in():
    before = images(100)
    outside = torch.tensor([-0.4])
    torch.testing.assert_close(Augmentation().apply(before, random(), outside), before, rtol=0, atol=1e-5)
    mirrored = Augmentation(flip=True)
    torch.testing.assert_close(
        mirrored.apply(before, random(), outside), mirrored.apply(before, random()), rtol=0, atol=1e-5
    )


def test_channels_of_a_picture_move_together():
    grey = images(20).expand(-1, 3, -1, -1)
    after = Augmentation(**STRENGTHS).apply(grey, random())
    assert torch.equal(after[:, 0], after[:, 1]) and torch.equal(after[:, 0], after[:, 2])


def upright_line(count: int = 32) -> torch.Tensor:
    """(count, 1, 17, 17): a line down the middle, 3 to 13."""
    images = torch.zeros(count, 1, 17, 17)
    images[:, :, 3:14, 8] = 1
    return images


def test_shear_slants_an_upright_line_and_keeps_its_middle():
    changed = Augmentation(shear=0.8).apply(upright_line(), torch.Generator().manual_seed(0), torch.zeros(1))
    places = (changed * torch.arange(17.0)).sum(-1) / changed.sum(-1).clamp(min=1e-6)  # (N, 1, rows): where the line is
    top, middle, bottom = places[:, 0, 4], places[:, 0, 8], places[:, 0, 12]
    assert torch.allclose(middle, torch.full_like(middle, 8), atol=0.05)
    assert (top - middle).abs().max() > 2
    assert torch.allclose(top - middle, middle - bottom, atol=0.1)


def test_stretch_changes_the_height_of_a_line_and_not_its_place_across():
    changed = Augmentation(stretch=0.4).apply(upright_line(), torch.Generator().manual_seed(0), torch.zeros(1))
    heights = changed.sum(dim=(1, 2, 3))
    assert heights.min() < 9 and heights.max() > 13
    assert changed[..., :8].abs().max() < 1e-4 and changed[..., 9:].abs().max() < 1e-4


def test_the_map_of_pixels_is_the_affine_one_of_torch():
    before, chance = torch.rand(4, 9, 12, 3, generator=random()), torch.rand(7, 4, generator=random(1))
    after = warped(before, Affine(0.2, 30, 0.0, 0.0, 0.0, False), chance, None)
    angle, x, y = (chance[0] * 2 - 1) * math.radians(30), (chance[3] * 2 - 1) * 0.4, (chance[4] * 2 - 1) * 0.4
    maps = torch.stack([angle.cos(), -angle.sin(), x, angle.sin(), angle.cos(), y], dim=1).view(4, 2, 3)
    grid = torch.nn.functional.affine_grid(maps, [4, 3, 9, 12], align_corners=False)
    expected = torch.nn.functional.grid_sample(
        before.permute(0, 3, 1, 2), grid, padding_mode="border", align_corners=False
    )
    torch.testing.assert_close(after.permute(0, 3, 1, 2), expected, rtol=0, atol=1e-5)


def numbered(count, height, width, channels):
    """Pictures whose every number is another, channels last in memory."""
    numbers = torch.arange(float(count * height * width * channels)).view(count, height, width, channels)
    return numbers.permute(0, 3, 1, 2)


@pytest.mark.parametrize("outside", [None, torch.tensor([-1.0, -2.0, -3.0])])
def test_a_crop_is_a_window_of_the_padded_picture_and_every_window_is_as_likely(outside):
    pad, before = 2, numbered(2500, 6, 9, 3)
    after = Augmentation(crop=pad).apply(before, random(), outside)
    if outside is None:
        padded = torch.nn.functional.pad(before, (pad,) * 4, mode="reflect")
    else:
        padded = outside.view(1, 3, 1, 1).expand(2500, 3, 10, 13).clone()
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
    before, outside = torch.rand(600, 2, 12, 20, generator=random(1)) + 1, torch.tensor([-1.0, -2.0])
    after = Augmentation(cutout=share).apply(before, random(), outside)
    side = round(share * 12)
    blank = after != before
    assert torch.equal(blank[:, 0], blank[:, 1])
    rows, columns = blank[:, 0].any(dim=2), blank[:, 0].any(dim=1)  # (N, 12), (N, 20)
    assert (rows.sum(dim=1) == side).all() and (columns.sum(dim=1) == side).all()
    assert (blank[:, 0].sum(dim=(1, 2)) == side * side).all()
    for channel in range(2):
        assert (after[:, channel][blank[:, channel]] == outside[channel]).all()
    for inside, length in ((rows, 12), (columns, 20)):
        assert set(inside.int().argmax(dim=1).tolist()) == set(range(length - side + 1)), "a place is never taken"


def test_cutout_without_an_outside_blanks_with_the_mean_of_the_batch():
    before = images(50, channels=3)
    after = Augmentation(cutout=0.5).apply(before, random())
    blank = after != before
    for channel in range(3):
        values = after[:, channel][blank[:, channel]]
        torch.testing.assert_close(values, before[:, channel].mean().expand_as(values))


def photos(count=300):
    """(N, 3, 8, 8): a black pixel, a white one, and in between."""
    pictures = torch.rand(count, 3, 8, 8, generator=random(5)) * 0.4 + 0.2
    pictures[:, :, 0, 0], pictures[:, :, 0, 1] = 0, 1
    return pictures


@pytest.mark.parametrize("outside", [None, torch.zeros(3)])
def test_brightness_multiplies_light_within_its_share_and_black_stays_black(outside):
    before = photos()
    after = Augmentation(brightness=0.3).apply(before, random(), outside)
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


@pytest.mark.parametrize("outside", [None, torch.tensor([0.0, 0.0, 0.0])])
def test_light_and_contrast_are_the_same_on_pixels_and_on_normalised_inputs(outside):
    mean, deviation = torch.tensor([0.1, 0.5, 0.3]).view(3, 1, 1), torch.tensor([0.2, 0.3, 0.4]).view(3, 1, 1)
    change = Augmentation(brightness=0.5, contrast=0.5)
    on_pixels = change.apply(photos(), random(), outside)
    black = None if outside is None else (outside - mean.flatten()) / deviation.flatten()
    on_inputs = change.apply((photos() - mean) / deviation, random(), black)
    torch.testing.assert_close(on_inputs * deviation + mean, on_pixels, rtol=0, atol=1e-5)


def test_one_change_added_leaves_the_others_as_they_were():
    before, outside = images(40), torch.tensor([-9.0])
    alone = Augmentation(shift=0.2, crop=2).apply(before, random(), outside)
    both = Augmentation(shift=0.2, crop=2, cutout=0.3).apply(before, random(), outside)
    kept = (both == alone).float().mean()
    assert 0.8 < kept < 0.95


def test_mixup_blends_pictures_and_labels_of_one_batch_in_one_share():
    before, labels = numbered(64, 5, 4, 3), torch.arange(64)
    after, other, share = Augmentation(mixup=1).mix(before, labels, random())
    assert 0.5 <= share < 1
    torch.testing.assert_close(after, share * before + (1 - share) * before[other])
    assert sorted(other.tolist()) == labels.tolist() and (other != labels).any()
    assert after.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(before, numbered(64, 5, 4, 3)), "the pictures given are not touched"


def test_features_are_mixed_like_pictures():
    before = torch.arange(40.0).view(10, 4)
    after, other, share = Augmentation(mixup=1).mix(before, torch.arange(10), random())
    torch.testing.assert_close(after, share * before + (1 - share) * before[other])


def test_mixup_shares_follow_the_beta_distribution():
    generator, batch, labels = random(), images(2, side=1), torch.tensor([0, 1])
    for alpha in (0.2, 2.0):
        change = Augmentation(mixup=alpha)
        shares = torch.tensor([change.mix(batch, labels, generator)[2] for _ in range(2000)])
        assert shares.min() >= 0.5
        folded = torch.distributions.Beta(alpha, alpha).sample((100_000,))
        folded = torch.maximum(folded, 1 - folded)
        assert abs(shares.mean() - folded.mean()) < 0.02 and abs(shares.std() - folded.std()) < 0.02


def test_the_generator_alone_decides_what_is_mixed():
    change, labels = Augmentation(mixup=0.4), torch.arange(32)
    first, again, different = (change.mix(images(), labels, random(seed)) for seed in (3, 3, 4))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1]) and first[2] == again[2]
    assert first[2] != different[2]
