"""Pictures prepared by the scripts of the page in one file, in a real browser, and by `core.images` beside them."""

import base64
from collections.abc import Sequence

import numpy as np
from PIL import Image

from core.datasets._base import Preparation
from core.errors import NothingDrawn
from core.export.page.preparation import plan_of, preparation_script

PREPARE = """([pictures, plan, tries]) => pictures.map(([width, height, text]) => {
    const raw = atob(text), data = new Uint8ClampedArray(raw.length);
    for (let i = 0; i < raw.length; i++) data[i] = raw.charCodeAt(i);
    let answer, milliseconds = Infinity;
    for (let tried = 0; tried < tries; tried++) {
        const begin = performance.now();
        try {
            const { pixels, ...shape } = Preparation.prepare({ width, height, data }, plan);
            answer = { ...shape, pixels: Array.from(pixels) };
        } catch (error) {
            answer = { error: error.message };
        }
        milliseconds = Math.min(milliseconds, performance.now() - begin);
    }
    return { ...answer, milliseconds };
})"""
AT_ONCE = 20  # pictures for each question

Prepared = np.ndarray | str  # uint8 (C, H, W), or the sentence why there is none


def preparing_page(browser):
    """A page that has the scripts and nothing else."""
    page = browser.new_page()
    page.add_script_tag(content=preparation_script())
    return page


def prepared_in_browser(
    page, images: Sequence[Image.Image], preparation: Preparation, tries: int = 1
) -> tuple[list[Prepared], list[float]]:
    """What the scripts make of each picture, and the milliseconds they took for it, the least of some tries."""
    answers = []
    for begin in range(0, len(images), AT_ONCE):
        batch = [image.convert("RGBA") for image in images[begin : begin + AT_ONCE]]
        pictures = [[image.width, image.height, base64.b64encode(image.tobytes()).decode()] for image in batch]
        answers += page.evaluate(PREPARE, [pictures, plan_of(preparation), tries])
    return [_pixels(answer) for answer in answers], [answer["milliseconds"] for answer in answers]


def _pixels(answer: dict) -> Prepared:
    if "error" in answer:
        return answer["error"]
    shape = answer["height"], answer["width"], answer["channels"]
    return np.array(answer["pixels"], np.uint8).reshape(shape).transpose(2, 0, 1)


def prepared_in_python(images: Sequence[Image.Image], preparation: Preparation) -> list[Prepared]:
    """What `core.images` makes of each."""
    made: list[Prepared] = []
    for image in images:
        try:
            made.append(preparation(image))
        except NothingDrawn as error:
            made.append(str(error))
    return made


def difference(one: Prepared, other: Prepared) -> np.ndarray:
    """How far the pixels are from each other, 0 to 255; 255 where only one is a picture, or the sentences differ."""
    if isinstance(one, str) or isinstance(other, str):
        return np.array([0 if isinstance(one, str) and one == other else 255])
    return np.abs(one.astype(int) - other) if one.shape == other.shape else np.array([255])
