"""torchvision's weights, learned on ImageNet: how they get where they are to lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from core.datasets.downloads import in_background, reason
from core.errors import TrainDeskError
from core.files import remove_file


def obtain_imagenet(network: str, path: Path, total: int) -> Iterator[tuple[int, int]]:
    """Downloads the weights of a network, about `total` bytes, if they are not at `path`, whose name is the published one.

    Yields (bytes so far, bytes in all) a few times a second. The file appears when it is whole and its checksum, of which its
    name has the beginning, is right. Raises TrainDeskError, one sentence.
    """
    if path.is_file():
        return
    try:
        yield from in_background(
            lambda: _download(network, path),
            path.with_name(f".{path.name}.lock"),
            lambda: _bytes_so_far(path),
            total,
        )
    except Exception as error:  # no connection, proxy, damaged download, full disk
        raise TrainDeskError(
            f"The ImageNet weights could not be downloaded ({reason(error)}); connect to the internet once, put "
            f"{path.name} into {path.parent}, or start from random weights."
        ) from error


def _download(network: str, path: Path) -> None:
    from torch.hub import HASH_REGEX, download_url_to_file
    from torchvision.models import get_model_weights

    if path.is_file():  # another process brought it
        return
    for left_over in _partial(path):  # of a process that was killed; nobody else downloads while we hold the lock
        remove_file(left_over)
    checksum = HASH_REGEX.search(path.name)
    url = get_model_weights(network).IMAGENET1K_V1.url
    download_url_to_file(url, os.fspath(path), checksum.group(1) if checksum else None, progress=False)


def _bytes_so_far(path: Path) -> int:
    try:
        return sum(found.stat().st_size for found in [*_partial(path), *path.parent.glob(path.name)])
    except OSError:  # renamed at this moment
        return 0


def _partial(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}.*.partial"))  # as torch.hub names them
