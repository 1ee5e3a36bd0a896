"""Augmentation: what it may do to pictures, and what it must leave alone."""

import pytest
import torch

from core.settings.settings import SettingsError, parse
from core.training.augmentation import Augmentation
from tests.core.training.pictures import images, random
from tests.helpers import assert_one_sentence

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
    "gamma": 1.0,
    "cutout": 0.4,
}


def test_it_is_off_by_default_and_on_with_any_strength():
    assert not Augmentation().is_on()
    for name, value in STRENGTHS.items():
        assert Augmentation(**{name: value}).is_on()


def test_every_setting_is_tried_here():
    assert {*STRENGTHS, "mixup", "alternate"} == set(Augmentation.model_fields)


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


def test_mirrored_in_turn_every_picture_is_seen_both_ways_in_two_epochs():
    before, change = images(400), Augmentation(alternate=True)
    turned = [change.turned(400, 5, epoch) for epoch in range(3)]
    assert torch.equal(turned[0], ~turned[1]) and torch.equal(turned[0], turned[2])
    assert 150 < turned[0].sum() < 250 and not torch.equal(turned[0], change.turned(400, 6, 0))
    for each in turned:
        after = change.apply(before, random(), turned=each)
        assert torch.equal(after, torch.where(each.view(-1, 1, 1, 1), before.flip(3), before))
    assert Augmentation(flip=True).turned(400, 5, 0) is None


def test_mirroring_in_turn_works_together_with_moving():
    before = torch.zeros(40, 1, 21, 21)
    before[:, :, 8:13, 16:19] = 1  # on the right
    turned = torch.arange(40) % 3 == 0
    after = Augmentation(alternate=True, shift=0.05).apply(before, random(), turned=turned)
    assert torch.equal(centre_of_mass(after)[:, 1] < 10, turned)


def test_without_an_epoch_chance_mirrors_half():
    before = images(400)
    assert torch.equal(*(Augmentation(**{name: True}).apply(before, random()) for name in ("flip", "alternate")))


def test_mirroring_in_both_ways_is_refused_in_one_sentence():
    with pytest.raises(SettingsError) as said:
        parse(Augmentation, {"flip": True, "alternate": True}, "augmentation")
    assert_one_sentence(str(said.value), "Mirror", "Mirror in turn", "off")


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
    fill = torch.tensor([-0.4, 0.1, 2.0])
    after = Augmentation(shift=0.5).apply(torch.full((50, 3, 8, 8), 0.7), random(), fill)
    for channel, value in enumerate(fill.tolist()):
        low, high = sorted([value, 0.7])
        assert after[:, channel].min() >= low - 1e-5 and after[:, channel].max() <= high + 1e-5
        assert torch.isclose(after[:, channel], fill[channel]).any(), "nothing came in"
        assert torch.isclose(after[:, channel], torch.tensor(0.7)).any(), "the picture is gone"


def test_an_outside_changes_nothing_where_nothing_comes_in():
    before = images(100)
    fill = torch.tensor([-0.4])
    torch.testing.assert_close(Augmentation().apply(before, random(), fill), before, rtol=0, atol=1e-5)
    mirrored = Augmentation(flip=True)
    torch.testing.assert_close(
        mirrored.apply(before, random(), fill), mirrored.apply(before, random()), rtol=0, atol=1e-5
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


def test_one_change_added_leaves_the_others_as_they_were():
    before, fill = images(40), torch.tensor([-9.0])
    alone = Augmentation(shift=0.2, crop=2).apply(before, random(), fill)
    both = Augmentation(shift=0.2, crop=2, cutout=0.3).apply(before, random(), fill)
    kept = (both == alone).float().mean()
    assert 0.8 < kept < 0.95
