"""What a package is tried with is varied, reproducible, and never what was learned from."""

import numpy as np
import pytest
from PIL import Image

from core.export.package.proof_pictures import FOREIGN, MOST_VALUES, drawings, photos, write_pictures
from core.images.photo import on_white
from core.images.read import read_image
from core.training.batches import plan_of_images
from tests.core.export.networks import random_classifier


@pytest.fixture(scope="module")
def classifier():
    return random_classifier("mlp", "digits", hidden=[8])


def test_the_pictures_are_those_held_back_with_their_labels(classifier, data_folder, tmp_path):
    from core.datasets.cache import open_images

    tried = write_pictures(classifier, data_folder, tmp_path)
    images, training = open_images(classifier.config.dataset, data_folder), classifier.config.training
    plan = plan_of_images(images, 10, training.validation_share, training.seed, training.training_pictures)
    rows = np.flatnonzero(plan.parts[: len(images.train_labels)] == 1)
    pixels = [np.asarray(Image.open(file)) for file in tried.validation]
    assert np.array_equal(pixels, images.train_pictures(rows)[:, 0])
    assert np.array_equal(tried.labels, images.train_labels.numpy()[rows])
    assert len(tried.foreign) == FOREIGN
    assert sorted(tmp_path.iterdir()) == tried.files, "the program reads a folder in the order of names"


def test_the_same_pictures_are_made_each_time(classifier, data_folder, tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    first, second = (write_pictures(classifier, data_folder, folder).foreign for folder in folders)
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_of_large_pictures_fewer_are_tried(classifier, data_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("core.export.package.proof_pictures.MOST_VALUES", 64 * 30)
    assert len(write_pictures(classifier, data_folder, tmp_path).validation) == 30
    assert MOST_VALUES // (3 * 224 * 224) > 400


def test_drawings_are_of_all_colours_and_most_of_them_are_found():
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 12:16] = 255
    made = list(drawings([Image.fromarray(picture)] * 20, np.random.default_rng(0)))
    corners = {image.getpixel((0, 0)) for image, _ in made}
    assert (255, 255, 255) in corners and (0, 0, 0) in corners and len(corners) > 5
    assert any(image.mode == "RGBA" for image, _ in made)
    dark = [np.asarray(on_white(image).convert("L")).std() for image, _ in made]
    assert min(dark[:-1]) > 5 and dark[-1] == 0, "the last one is empty, the others are not"


def test_photos_come_in_every_mode_size_and_orientation(tmp_path):
    made = list(photos([Image.new("RGB", (32, 32), "red")] * 12, np.random.default_rng(0)))
    assert {image.mode for image, _ in made} == {"L", "RGB", "RGBA"}
    assert len({image.size for image, _ in made}) > 10
    turned = [(image, options) for image, options in made if options]
    assert {options["exif"][0x0112] for _, options in turned} - {1}
    image, options = next((image, options) for image, options in turned if options["exif"][0x0112] >= 5)
    image.save(tmp_path / "turned.jpg", **options)
    assert read_image(tmp_path / "turned.jpg", "it").size == image.size[::-1]
