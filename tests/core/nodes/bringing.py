"""A computer that brings files, as many as a test wants, from memory."""

import hashlib
import random
from pathlib import Path

from core.nodes.bring import bring
from core.nodes.parcels import Parcel

FOLDER = "decoded/digits-0123456789abcdef"

NAMES = (f"{FOLDER}/train_pixels.npy", f"{FOLDER}/train_labels.npy", "weights/resnet.pth", "last.pt", "events.jsonl")


class Node:
    """A computer that brings `files` (path -> bytes), fetched from memory."""

    def __init__(self, folder: Path, files: dict[str, bytes]):
        self.data, self.runs, self.run = folder / "data", folder / "runs", folder / "runs" / "a"
        self.files = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
        self.parcels = [parcel(path, content) for path, content in files.items()]
        self.asked: list[tuple[str, int, int]] = []

    def fetch(self, digest: str, offset: int, length: int) -> bytes:
        self.asked.append((digest, offset, length))
        return self.files[digest][offset : offset + length]

    def bring(self, fetch=None, progress=None):
        bring(self.parcels, self.data, self.run, self.runs, fetch or self.fetch, progress)

    def content(self, path: str) -> bytes:
        return ((self.data if "/" in path else self.run) / path).read_bytes()

    def is_complete(self) -> bool:
        return all(
            hashlib.sha256(self.content(each.path)).hexdigest() == each.digest for each in self.parcels
        ) and not list(self.data.parent.rglob("*.part"))


def parcel(path: str, content: bytes) -> Parcel:
    root = "data" if "/" in path else "run"
    return Parcel(root, path, len(content), hashlib.sha256(content).hexdigest())


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)
