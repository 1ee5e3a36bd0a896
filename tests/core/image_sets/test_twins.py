"""What is said of pictures that are the same, look alike, are mirrored or show nothing, and that its buttons settle it."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from core.image_sets.checks import findings
from core.image_sets.finding import verdict
from core.image_sets.twins import blank_findings, leave
from tests.core.image_sets.test_checks import apply, found_in, one_way_wrong
from tests.core.image_sets.test_near_duplicates import jpeg, scene
from tests.own import encoded, staged


def blank(kind):
    random = np.random.default_rng(0)
    pixels = np.full((60, 60), 250.0)
    if kind == "noise":
        pixels += random.normal(0, 3, pixels.shape)
    if kind == "specks":
        pixels[20:22, 30:32] = 100
    if kind == "black":
        pixels[:] = 0
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def nearly_blank(kind):
    """60 x 60 just on one side or the other of what counts as blank: (deviation of the pixels, range of the small copy)."""
    slope = np.linspace(-1, 1, 60)[None, :, None] * np.ones((60, 1, 3))  # deviation 0.59, range 1.9
    pixels = np.full((60, 60, 3), 128.0)
    if kind == "faint slope":  # (4.4, 14): hardly differs
        pixels += 7.5 * slope
    if kind == "slope":  # (8.2, 27): differs everywhere
        pixels += 14 * slope
    if kind == "red slope":  # (11, 11): one colour alone differs
        pixels[..., 0] += 18.5 * slope[..., 0]
    if kind == "dust":  # (10, 4): the rest is even but for noise
        pixels += np.random.default_rng(0).normal(0, 3, (60, 60, 1))
        pixels[20:24, 30:34] -= 120
    if kind == "small sign":  # (18, 0)
        pixels[:] = 250
        pixels[20:25, 30:35] = 30
    return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("kind", "is_blank"),
    [("faint slope", True), ("slope", False), ("red slope", False), ("dust", True), ("small sign", False)],
)
def test_where_blank_begins(tmp_path, kind, is_blank):
    dataset = staged(tmp_path, {f"{name}/1.png": encoded(nearly_blank(kind)) for name in ("dots", "rings")})[0]
    assert [each.kind for each in blank_findings(dataset, dataset.members())] == (["blank"] if is_blank else [])


def thin_stroke():
    pixels = np.full((60, 60), 255, np.uint8)
    pixels[10:50, 30] = 60
    return Image.fromarray(pixels)


def test_blank_pictures_are_told_and_removed_and_a_thin_stroke_is_none(tmp_path):
    kinds = ("white", "noise", "specks", "black")
    dataset = one_way_wrong(tmp_path, dots=[*(encoded(blank(kind)) for kind in kinds), encoded(thin_stroke())])
    told = found_in(dataset)["blank"]
    assert told.sentence.startswith("4 pictures are blank") and len(told.groups) == 4
    apply(dataset, told.repair)
    assert "blank" not in found_in(dataset) and dataset.classes()[0].images == 13


def test_near_copies_with_different_labels_are_a_conflict_that_each_button_settles(tmp_path):
    files = {
        "dots": [encoded(scene(seed)) for seed in range(3)],
        "rings": [encoded(jpeg(scene(seed)), "JPEG", quality=70) for seed in range(3)],
    }
    dataset = one_way_wrong(tmp_path, **files)
    conflict = found_in(dataset)["near labels"]
    assert conflict.is_serious and conflict.sentence.startswith("3 pairs of pictures look nearly the same")
    assert len(conflict.groups) == len(conflict.ways) == len(conflict.leave) == 3
    assert [[way.label for way in ways] for ways in conflict.ways] == [["Both are dots", "Both are rings"]] * 3
    assert verdict(findings(dataset)).level == "warning"
    apply(dataset, conflict.ways[0][1].repair)
    [first, _, third] = conflict.groups
    members = dataset.members()
    ring = next(each.id for each in dataset.classes() if each.name == "rings")
    assert members.classes[np.isin(members.images, first)].tolist() == [ring, ring]
    leave(dataset, found_in(dataset)["near labels"].leave[0])
    left = found_in(dataset)["near labels"]
    assert left.groups == (third,) and left.sentence.startswith("1 pair of pictures looks")
    apply(dataset, left.repair)
    assert "near labels" not in found_in(dataset) and not set(third) & set(dataset.members().images.tolist())


def test_equal_pixels_in_two_classes_can_be_settled_one_by_one(tmp_path):
    dataset = one_way_wrong(tmp_path, dots=[encoded(scene(1))], rings=[encoded(scene(1))])
    double = found_in(dataset)["in two classes"]
    assert "near labels" not in found_in(dataset) and [way.label for way in double.ways[0]] == [
        "It is dots",
        "It is rings",
    ]
    apply(dataset, double.ways[0][0].repair)
    assert found_in(dataset).keys() == {"sizes"} and {each.name: each.images for each in dataset.classes()} == {
        "dots": 13,
        "rings": 12,
    }


def test_mirrored_copies_are_alike_in_one_class_and_told_of_across_two(tmp_path):
    dataset = one_way_wrong(tmp_path, dots=[encoded(scene(1)), encoded(ImageOps.mirror(scene(1)))])
    alike = found_in(dataset)["alike"]
    assert "1 of them mirrored" in alike.sentence and len(alike.groups[0]) == 2
    apply(dataset, alike.repair)
    assert found_in(dataset).keys() <= {"sizes"}
    other = one_way_wrong(tmp_path / "b", dots=[encoded(scene(1))], rings=[encoded(ImageOps.mirror(scene(1)))])
    told = found_in(other)["mirror labels"]
    assert "'dots' and 'rings'" in told.sentence and "near labels" not in found_in(other) and not told.is_serious


def test_keeping_one_of_each_leaves_no_two_that_look_alike(tmp_path):
    first, last = (np.asarray(scene(seed), dtype=float) for seed in (1, 2))
    chain = [((1 - share) * first + share * last).astype(np.uint8) for share in np.linspace(0, 1, 15)]
    dataset = one_way_wrong(tmp_path, dots=[encoded(Image.fromarray(each)) for each in chain])
    alike = found_in(dataset)["alike"]
    before = len(dataset.members().images)
    apply(dataset, alike.repair)
    left = before - len(dataset.members().images)
    assert alike.sentence.startswith(f"{left} pictures look") and 3 <= left < 14
    assert "alike" not in found_in(dataset)
