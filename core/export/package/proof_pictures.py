"""The pictures with which a package is tried: what was held back from the training, and pictures that must be prepared first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from core.datasets.cache import open_images
from core.image_sets.splitting import VAL
from core.inference.classifier import Classifier
from core.training.batches import plan_of_images

MOST = 2000  # validation pictures
MOST_VALUES = 64_000_000  # of all their pixels: of large pictures fewer are tried, 425 of 224 x 224 in colour
MOST_WORK, LEAST = 250_000_000_000, 400  # multiply-adds, of small pictures that a network enlarges; so many always
FOREIGN = 200
SCRIBBLES = 19  # of these, which no network has learned; and one is empty
AT_ONCE = 500


@dataclass(frozen=True)
class Tried:
    """Files with pictures, and what is known of them."""

    validation: list[Path]
    labels: np.ndarray  # (V,) int64 of `validation`
    foreign: list[Path]  # drawings, or pictures of other sizes and kinds

    @property
    def files(self) -> list[Path]:
        """All in the order of their names."""
        return self.foreign + self.validation


def write_pictures(classifier: Classifier, data_folder: Path, folder: Path) -> Tried:
    """Writes them into an empty folder. Raises DatasetError where the pictures are not on this computer, OSError."""
    training, dataset = classifier.config.training, classifier.config.dataset
    images = open_images(dataset, data_folder)
    classes = len(classifier.class_names)
    plan = plan_of_images(images, classes, training.validation_share, training.seed, training.training_pictures)
    rows = np.flatnonzero(plan.parts[: len(images.train_labels)] == VAL)
    most = max(1, min(MOST, MOST_VALUES // int(np.prod(images.shape)), classifier.affordable(MOST_WORK, LEAST)))
    chance = np.random.default_rng(0)
    rows = rows if len(rows) <= most else np.sort(chance.choice(rows, most, replace=False))
    validation = list[Path]()
    for start in range(0, len(rows), AT_ONCE):
        for picture in images.train_pictures(rows[start : start + AT_ONCE]):
            validation.append(folder / f"validation-{len(validation):05d}.png")
            _image(picture).save(validation[-1], compress_level=1)
    some = [_image(picture) for picture in images.train_pictures(chance.choice(rows, FOREIGN - SCRIBBLES - 1))]
    make = drawings if dataset.drawable else photos
    foreign = list[Path]()
    for image, options in make(some, chance):
        foreign.append(folder / f"foreign-{len(foreign):03d}.{'jpg' if options else 'png'}")
        image.save(foreign[-1], **options)
    return Tried(validation, images.train_labels.numpy()[rows], foreign)


def drawings(pictures: list[Image.Image], chance: np.random.Generator) -> Iterator[tuple[Image.Image, dict]]:
    """Each picture, white on black, as if it had been drawn on a canvas: larger, turned a little, with ink of some colour on
    paper or on nothing; then scribbles, and an empty canvas. With each stand options for saving it."""
    for number, picture in enumerate(pictures):
        side = int(chance.integers(100, 220))
        ink = picture.convert("L").resize((side, side), Image.Resampling.BICUBIC)
        ink = ink.rotate(float(chance.uniform(-12, 12)), Image.Resampling.BICUBIC)
        ink = ink.point(
            lambda level: min(max((level - 100) * 6, 0), 255)
        )  # no edge of a pen is as soft as an enlarged pixel
        width, height = (side + 2 * int(side * share) for share in chance.uniform(0.15, 0.4, 2))
        canvas = Image.new("L", (width, height))
        canvas.paste(ink, ((width - side) // 2, (height - side) // 2))
        yield _inked(canvas, number, chance), {}
    for number in range(SCRIBBLES):
        canvas = Image.new("L", (280, 280))
        points = chance.integers(30, 250, size=(int(chance.integers(3, 9)), 2))
        ImageDraw.Draw(canvas).line(
            [tuple(point) for point in points.tolist()], 255, int(chance.integers(4, 26)), "curve"
        )
        yield _inked(canvas, number, chance), {}
    yield Image.new("RGB", (280, 280), "white"), {}


def _inked(mask: Image.Image, number: int, chance: np.random.Generator) -> Image.Image:
    """Ink where the mask is: black on white, white on black, dark on bright, or on nothing."""
    dark, bright = (tuple(chance.integers(low, low + 90, 3).tolist()) for low in (0, 165))
    if number % 4 == 3:
        see_through = Image.new("RGBA", mask.size, (*dark, 0))
        see_through.putalpha(mask)
        return see_through
    colours = ((0, 0, 0), (255, 255, 255)), ((255, 255, 255), (0, 0, 0)), (dark, bright)
    ink, paper = colours[number % 4]
    return Image.composite(Image.new("RGB", mask.size, ink), Image.new("RGB", mask.size, paper), mask)


def photos(pictures: list[Image.Image], chance: np.random.Generator) -> Iterator[tuple[Image.Image, dict]]:
    """Each picture in another size and shape, as JPEG that lies on its side, with parts that are see-through, or grey; then
    noise, and one that is white. With each stand options for saving it."""
    for number, picture in enumerate(pictures):
        width, height = (int(side) for side in chance.integers(40, 400, 2))
        image = picture.resize((width, height), Image.Resampling.BICUBIC)
        if number % 4 == 0:
            exif = Image.Exif()
            exif[0x0112] = int(chance.integers(1, 9))  # which side is up
            yield image.convert("RGB"), {"quality": 85, "exif": exif}
        elif number % 4 == 1:
            alpha = Image.fromarray(np.linspace(0, 255, width * height).reshape(height, width).astype(np.uint8))
            image.putalpha(alpha)
            yield image, {}
        else:
            yield image.convert("L" if number % 4 == 2 else "RGB"), {}
    for _ in range(SCRIBBLES):
        yield Image.fromarray(chance.integers(0, 256, (120, 160, 3), dtype=np.uint8)), {}
    yield Image.new("RGB", (280, 280), "white"), {}


def _image(picture: np.ndarray) -> Image.Image:
    """Of uint8 (C, H, W)."""
    return Image.fromarray(picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0))
