"""torchvision's weights, learned on ImageNet: where they lie and how they get there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.datasets.downloads import in_background, reason
from core.errors import TrainDeskError


def imagenet_file(network: str, weights_folder: Path) -> Path:
    """Where the weights of a network lie; torchvision's name ends in the beginning of their SHA-256."""
    return weights_folder / _published(network).url.rsplit("/", 1)[1]


def imagenet_bytes(network: str) -> int:
    """Of the published file, about: for progress alone."""
    return round(_published(network).meta["_file_size"] * 2**20)


def obtain_imagenet(network: str, weights_folder: Path) -> Iterator[tuple[int, int]]:
    """Downloads the weights of a network if they are not there, yielding (bytes so far, bytes in all) a few times a second.

    The file appears under its name when it is whole and its checksum is right. Raises TrainDeskError, one sentence.
    """
    path = imagenet_file(network, weights_folder)
    if path.is_file():
        return
    try:
        yield from in_background(
            lambda: _download(_published(network).url, path),
            path.with_name(f".{path.name}.lock"),
            lambda: _bytes_so_far(path),
            imagenet_bytes(network),
        )
    except Exception as error:  # no connection, proxy, damaged download, full disk
        raise TrainDeskError(
            f"The ImageNet weights could not be downloaded ({reason(error)}); connect to the internet once, put "
            f"{path.name} into {weights_folder}, or start from random weights."
        ) from error


def _download(url: str, path: Path) -> None:
    from torch.hub import HASH_REGEX, download_url_to_file

    if path.is_file():  # another process brought it
        return
    for left_over in _partial(path):  # of a process that was killed; nobody else downloads while we hold the lock
        left_over.unlink(missing_ok=True)
    checksum = HASH_REGEX.search(path.name)
    download_url_to_file(url, os.fspath(path), checksum.group(1) if checksum else None, progress=False)


def _bytes_so_far(path: Path) -> int:
    try:
        return sum(found.stat().st_size for found in [*_partial(path), *path.parent.glob(path.name)])
    except OSError:  # renamed at this moment
        return 0


def _partial(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}.*.partial"))  # as torch.hub names them


def _published(network: str) -> Any:
    """torchvision's entry of a network's first ImageNet weights."""
    from torchvision.models import get_model_weights

    return get_model_weights(network).IMAGENET1K_V1
