"""A dataset as a ZIP that can be brought in again: a folder for each split and in it one for each class."""

from __future__ import annotations

import io
import tempfile
import zipfile
from typing import BinaryIO

from core.own_data.store import SPLITS, OwnDataset

KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"BM": "bmp", b"RIFF": "webp"}
IN_MEMORY = 64 * 2**20  # bytes; a larger ZIP is put together on disk


def as_zip(dataset: OwnDataset) -> BinaryIO:
    """The newest version, also of classes that are switched off, open for reading from its start."""
    members = dataset.members(disabled=True)
    names = {each.id: each.name for each in dataset.classes()}
    stream = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - whoever asked for it reads and closes it
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        rows = zip(members.images.tolist(), members.classes.tolist(), members.splits.tolist(), strict=True)
        for (image, label, split), data in zip(rows, dataset.contents(members.images.tolist()), strict=True):
            folder = names[label].replace("/", "∕").replace("\\", "∖")
            archive.writestr(f"{SPLITS[split]}/{folder}/{image}.{_kind(data)}", data)
    stream.seek(0, io.SEEK_SET)
    return stream  # type: ignore[return-value]


def _kind(data: bytes) -> str:
    return next((kind for start, kind in KINDS.items() if data.startswith(start)), "png")
