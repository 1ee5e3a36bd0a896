"""torchvision's ResNet18 weights, learned on ImageNet: where they lie and how they get there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from core.downloads import in_background, reason
from core.errors import TrainDeskError

BYTES = 46_830_571  # of the published file, for progress alone


def imagenet_file(weights_folder: Path) -> Path:
    """Where the weights lie; torchvision's name ends in the beginning of their SHA-256."""
    return weights_folder / _url().rsplit("/", 1)[1]


def obtain_imagenet(weights_folder: Path) -> Iterator[tuple[int, int]]:
    """Downloads the weights if they are not there, yielding (bytes so far, bytes in all) a few times a second.

    The file appears under its name when it is whole and its checksum is right. Raises TrainDeskError, one sentence.
    """
    path = imagenet_file(weights_folder)
    if path.is_file():
        return
    try:
        yield from in_background(
            lambda: _download(path), path.with_name(f".{path.name}.lock"), lambda: _bytes_so_far(path), BYTES
        )
    except Exception as error:  # no connection, proxy, damaged download, full disk
        raise TrainDeskError(
            f"The ImageNet weights could not be downloaded ({reason(error)}); connect to the internet once, put "
            f"{path.name} into {weights_folder}, or start from random weights."
        ) from error


def _download(path: Path) -> None:
    from torch.hub import HASH_REGEX, download_url_to_file

    if path.is_file():  # another process brought it
        return
    for left_over in _partial(path):  # of a process that was killed; nobody else downloads while we hold the lock
        left_over.unlink(missing_ok=True)
    checksum = HASH_REGEX.search(path.name)
    download_url_to_file(_url(), os.fspath(path), checksum.group(1) if checksum else None, progress=False)


def _bytes_so_far(path: Path) -> int:
    try:
        return sum(found.stat().st_size for found in [*_partial(path), *path.parent.glob(path.name)])
    except OSError:  # renamed at this moment
        return 0


def _partial(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}.*.partial"))  # as torch.hub names them


def _url() -> str:
    from torchvision.models import ResNet18_Weights

    return ResNet18_Weights.IMAGENET1K_V1.url
