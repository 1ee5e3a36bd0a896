"""Look-alikes are found, strangers are not, and both sides of a split never share one."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from core.image_sets import near_duplicates
from core.image_sets.image_record import image_records
from core.image_sets.near_duplicates import bundles, first_of, groups_of_pairs, near_pairs
from core.image_sets.own_dataset import GREY_SIDE
from tests.own import KINDS, encoded, picture


def looked_at(images):
    """Digests, hashes and small copies, as they are kept."""
    records = image_records(["x"] * len(images), [encoded(image) for image in images])
    return (
        np.array([int.from_bytes(record.digest[:8], "little") for record in records], np.uint64),
        np.array([int.from_bytes(record.hash, "little") for record in records], np.uint64),
        np.stack([np.frombuffer(record.grey, np.uint8).reshape(GREY_SIDE, GREY_SIDE) for record in records]),
    )


def groups_of(digests, hashes, greys):
    first = first_of(digests)
    return groups_of_pairs(len(digests), near_pairs(hashes, greys, first), first)


def group_ids(images):
    return groups_of(*looked_at(images))


def jpeg(image, quality=60):
    return Image.open(io.BytesIO(encoded(image.convert("RGB"), "JPEG", quality=quality)))


def scene(seed, size=(96, 80)):
    """Large soft things and some noise, as in photos."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (6, 7, 3)).astype(np.uint8)
    soft = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC), dtype=float)
    return Image.fromarray((soft + random.normal(0, 5, soft.shape)).clip(0, 255).astype(np.uint8))


CHANGES = {
    "the same": lambda image: image,
    "as JPEG": jpeg,
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "a pixel beside": lambda image: image.crop((1, 1, image.width, image.height)),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "mirrored": ImageOps.mirror,
    "mirrored, smaller, as JPEG": lambda image: jpeg(ImageOps.mirror(image).resize((64, 53)), 40),
}


@pytest.fixture(scope="module")
def originals():
    """Scenes, and what is kept of them."""
    scenes = [scene(seed) for seed in range(40)]
    return scenes, looked_at(scenes)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_in_the_group(change, originals):
    scenes, kept = originals
    changed = looked_at([CHANGES[change](image) for image in scenes])
    found = groups_of(*map(np.concatenate, zip(kept, changed, strict=True)))
    hits = (found[: len(scenes)] == found[len(scenes) :]).mean()
    assert hits >= (0.6 if change == "a pixel beside" else 0.9), f"{hits:.0%}"


def test_strangers_are_in_no_group():
    images = [picture(kind, seed, (96, 80)) for kind in KINDS for seed in range(60)] + [
        scene(seed) for seed in range(200)
    ]
    assert len(np.unique(group_ids(images))) >= 0.98 * len(images)


def test_pictures_of_one_colour_are_a_group_only_if_equal():
    images = [Image.new("RGB", (40, 40), (level, level, 200)) for level in (0, 40, 80, 80, 255)]
    found = group_ids(images)
    assert len(set(found.tolist())) == 4 and found[2] == found[3]


def test_no_group_is_a_chain():
    """A scene that slowly becomes another one: neighbours look alike, the ends do not."""
    first, last = (np.asarray(scene(seed), dtype=float) for seed in (1, 2))
    images = [Image.fromarray(((1 - share) * first + share * last).astype(np.uint8)) for share in np.linspace(0, 1, 25)]
    digests, hashes, greys = looked_at(images)
    pairs = near_pairs(hashes, greys)
    near = {frozenset(pair) for pair in pairs[:, :2].tolist()}
    groups = groups_of(digests, hashes, greys)
    for group in np.unique(groups):
        for pair in itertools.combinations(np.flatnonzero(groups == group).tolist(), 2):
            assert frozenset(pair) in near
    assert 2 <= len(np.unique(groups)) <= 12, "neither all in one nor each alone"
    assert len(np.unique(bundles(groups, pairs))) < len(np.unique(groups)), "a split keeps neighbours together"


def test_groups_are_cliques_the_same_for_every_order_of_the_pairs():
    random = np.random.default_rng(0)
    pairs = np.array([[a, b, 0] for a, b in itertools.combinations(range(40), 2) if random.random() < 0.3])
    near = {tuple(pair) for pair in pairs[:, :2].tolist()}
    groups = groups_of_pairs(40, pairs, np.arange(40))
    for group in np.unique(groups):
        assert set(itertools.combinations(np.flatnonzero(groups == group).tolist(), 2)) <= near
    assert (np.bincount(groups) > 2).any()
    np.testing.assert_array_equal(groups, groups_of_pairs(40, random.permutation(pairs), np.arange(40)))
    assert groups_of_pairs(3, np.zeros((0, 3), int), np.array([0, 1, 0])).tolist() == [0, 1, 0]


def test_a_crowd_of_look_alikes_is_kept_together_by_its_groups_only():
    chain = np.array([[number, number + 1, 0] for number in range(99)])
    groups = groups_of_pairs(100, chain, np.arange(100))
    assert len(np.unique(bundles(groups, chain))) == 50 and len(np.unique(bundles(groups[:40], chain[:39]))) == 1


def test_of_a_crowd_that_is_too_large_neighbours_are_compared(monkeypatch):
    frames = [jpeg(scene(1), 40 + number % 50) for number in range(80)]
    _, hashes, greys = looked_at(frames)
    everyone = near_pairs(hashes, greys)
    monkeypatch.setattr(near_duplicates, "MANY", 80 * 8)
    some = near_pairs(hashes, greys)
    assert len(some) < 0.8 * len(everyone) and set(some[:, :2].ravel()) == set(range(80))
