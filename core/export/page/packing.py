"""Numbers and words in one text that a page can carry: JSON with arrays behind it, deflated, in base64."""

from __future__ import annotations

import base64
import json
import math
import struct
import zlib
from typing import Any

import numpy as np

KINDS = {"f2": np.float16, "f4": np.float32, "u1": np.uint8, "i1": np.int8}
STEP = 4  # bytes: where arrays begin, so that a browser can look at them in place
LEVEL = 9  # of deflating: smallest
MOST = 2**31  # bytes that a packed text may unfold to


class Packer:
    """Takes arrays, each of which is then named in the JSON by where it lies."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.length = 0

    def add(self, values: np.ndarray, kind: str) -> dict[str, Any]:
        """Where the values lie, as `kind` of KINDS; what is beyond float16's range becomes infinite."""
        with np.errstate(over="ignore"):
            laid = np.ascontiguousarray(values).astype(f"<{kind}")
        data = laid.tobytes()
        place = {"kind": kind, "at": self.length, "shape": list(laid.shape)}
        self.parts.append(data + bytes(-len(data) % STEP))
        self.length += len(self.parts[-1])
        return place

    def packed(self, words: dict[str, Any]) -> str:
        """All of it as one text of letters, digits, "+", "/" and "="."""
        head = json.dumps(words, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        head += b" " * (-len(head) % STEP)
        return base64.b64encode(
            zlib.compress(b"".join([struct.pack("<I", len(head)), head, *self.parts]), LEVEL)
        ).decode()


class Unpacked:
    """What such a text holds, read back."""

    def __init__(self, text: str):
        unfolding = zlib.decompressobj()
        data = unfolding.decompress(base64.b64decode(text), MOST)
        length = struct.unpack_from("<I", data)[0]
        self.words: dict[str, Any] = json.loads(data[4 : 4 + length])
        self._arrays = memoryview(data)[4 + length :]

    def array(self, place: dict[str, Any]) -> np.ndarray:
        """The values that lie there, in the type they were kept in."""
        kind, count = KINDS[place["kind"]], math.prod(place["shape"])
        return np.frombuffer(self._arrays, kind, count, place["at"]).reshape(place["shape"])
