"""Seconds of looking at pictures: what they find out is true of pictures made to be so."""

import numpy as np
from PIL import Image

from core.image_analysis.probe import probe
from core.image_sets.evidence import evidence_of
from core.image_sets.folders import accept
from tests.own import encoded, own_dataset, staged


def arrow(number: int, left: bool) -> Image.Image:
    """A dark triangle on noise that points to one side."""
    random = np.random.default_rng([number, left])
    y, x = np.mgrid[:40, :60]
    inside = (x >= 10) & (x < 50) & (np.abs(y - 20) < (x - 10) / 3)
    grey = np.where(inside, 30, 180) + random.normal(0, 25, x.shape)
    picture = Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if not left else picture


def test_arrows_that_point_left_and_right_swap_in_a_mirror(tmp_path):
    files = {f"{name}/{n}.png": encoded(arrow(n, name == "left")) for name in ("left", "right") for n in range(20)}
    found = probe(accept(staged(tmp_path, files)[0], "Arrows", tmp_path / "data"), 1, times=False)
    assert set(found.swapped) == {"left", "right"} and not found.mirror_is_harmless()
    assert found.pixels > 0.9


def test_patterns_may_be_mirrored_and_are_known_by_their_features(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "data"))  # a config finds its pictures there
    dataset = own_dataset(tmp_path / "data", tmp_path, {"dots": 24, "rings": 24})
    found = probe(dataset, 1)
    assert found.mirror_is_harmless() and found.swapped == ()
    assert found.features > 0.85 > found.pixels
    assert evidence_of(dataset, 1) == found and found.is_complete()
    assert all(0 < found.seconds[kind] < 3600 for kind in ("transfer", "scratch"))


def test_too_few_pictures_say_nothing(tmp_path):
    found = probe(own_dataset(tmp_path / "data", tmp_path, {"dots": 4, "rings": 4}), 1)
    assert found.pictures == 0 and found.is_complete()
