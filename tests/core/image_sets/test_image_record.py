"""What is kept of a picture."""

from PIL import Image, ImageOps

from core.image_sets.near_duplicates import near_pairs
from tests.core.image_sets.test_near_duplicates import jpeg, looked_at, scene


def test_a_mirrored_pair_is_told_apart_from_a_plain_one():
    images = [scene(1), scene(2), ImageOps.mirror(scene(1)), jpeg(scene(2)), Image.new("L", (40, 40))]
    _, hashes, greys = looked_at(images)
    assert near_pairs(hashes, greys).tolist() == [[0, 2, 1], [1, 3, 0]]
