"""The preview shows pictures as they are and as augmentation changes them."""

import numpy as np
import pytest
from PIL import Image

from core.cli.main import main
from core.datasets._base import spread_over_classes
from core.training.preview import PICTURES, VARIANTS, as_sheet, preview
from tests.helpers import quick_config


def shown_of(config, data_folder):
    return preview(config.dataset, config.augmentation, config.training.seed, data_folder)


def test_without_augmentation_all_are_as_they_are(data_folder):
    shown = shown_of(quick_config(), data_folder)
    assert shown.shape == (PICTURES, 1 + VARIANTS, 8, 8, 1) and shown.dtype == np.uint8
    np.testing.assert_array_equal(shown, np.repeat(shown[:, :1], 1 + VARIANTS, axis=1))


@pytest.mark.parametrize("augmentation", [{"rotation": 20}, {"brightness": 0.5}, {"mixup": 0.5}, {"cutout": 0.4}])
def test_augmentation_changes_all_but_the_first(augmentation, data_folder):
    shown = shown_of(quick_config(augmentation=augmentation), data_folder)
    plain = shown_of(quick_config(), data_folder)
    np.testing.assert_array_equal(shown[:, 0], plain[:, 0])
    assert all((shown[:, variant] != shown[:, 0]).any() for variant in range(1, 1 + VARIANTS))
    np.testing.assert_array_equal(shown, shown_of(quick_config(augmentation=augmentation), data_folder))


def test_every_class_comes_up(data_folder):
    labels = np.array([2, 2, 0, 1, 0, 1, 2])
    assert labels[spread_over_classes(labels, 3)].tolist() == [0, 1, 2]
    assert sorted(spread_over_classes(labels, 99).tolist()) == list(range(7))


def test_own_pictures_are_decoded_only_as_many_as_are_shown(patterns, data_folder, monkeypatch):
    from core.image_sets import decode

    config = quick_config(
        dataset={"name": "own_images", "source": patterns.id, "side": 32},
        batch_size=8,
        training={"validation_share": 0.2},
    )
    counted = []
    original = decode.decode
    monkeypatch.setattr(
        decode, "decode", lambda contents, how: counted.append(len(contents)) or original(contents, how)
    )
    assert shown_of(config, data_folder).shape == (PICTURES, 1 + VARIANTS, 32, 32, 3)
    assert sum(counted) == PICTURES


def test_the_command_saves_a_sheet(tmp_path, data_folder, capsys):
    assert main(["preview", "--recipe", "digits", "--out", str(tmp_path / "sheet.png")]) == 0
    assert Image.open(tmp_path / "sheet.png").size == (8 * 31 - 3, 6 * 31 - 3)
    assert main(["preview", "--recipe", "digits", "--out", str(tmp_path / "no" / "sheet.png")]) != 0
    sheet = as_sheet(np.zeros((2, 3, 4, 5, 1), np.uint8))
    assert sheet.shape == (11, 21, 1) and (sheet == 255).sum() == 11 * 21 - 6 * 20
