"""Pictures of an own dataset, small, and a gallery of which one picks some by clicking."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path

from PIL import Image

from core.image_sets.own_dataset import OwnDataset
from pages.components.shell.component import component
from pages.components.shell.pictures import image_address

SIDE = 96  # pixels
TINY = 40  # pixels a side up to which each of them is to be seen

_component = component("picked", Path(__file__).parent)


def thumbnails(dataset: OwnDataset, images: Sequence[int]) -> list[str]:
    """HTML pictures, part of the page itself."""
    names = {picture.id: picture.name for picture in dataset.pictures(images)}
    return [
        f'<img src="{address_of_picture(str(dataset.file), image)}" alt="{escape(names.get(image, ""))}">'
        for image in images
    ]


def picked(dataset: OwnDataset, images: Sequence[int], key: str, said: dict[int, str] | None = None) -> list[int]:
    """Draws the pictures as buttons and returns the numbers of those that are picked. `said` stands below a picture."""
    names = {picture.id: picture.name for picture in dataset.pictures(images)}
    tiles = [
        {
            "id": int(image),
            "src": address_of_picture(str(dataset.file), int(image)),
            "name": names.get(image, ""),
            "said": (said or {}).get(image, ""),
        }
        for image in images
    ]
    state = _component(key=key, data={"tiles": tiles}, default={"chosen": []}, on_chosen_change=lambda: None)
    chosen = state.chosen if isinstance(state.chosen, list) else []
    return [image for image in images if int(image) in chosen]


@lru_cache(maxsize=4000)
def address_of_picture(file: str, image: int) -> str:
    """A data address; a picture of a dataset never changes."""
    try:
        opened = Image.open(io.BytesIO(OwnDataset(Path(file).parent).content(image)))
        opened.draft("RGB", (SIDE, SIDE))
        picture = opened.convert("RGB")
    except Exception:  # a picture that is gone, or of a kind that only core.images.read opens
        return ""
    if max(picture.size) > SIDE:
        picture.thumbnail((SIDE, SIDE))
    return image_address(picture) if max(picture.size) <= TINY else image_address(picture, "JPEG", quality=80)
