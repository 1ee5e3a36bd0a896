"""A network that learns while pictures are being collected, and answers at once.

The features of each picture are computed once and kept (`core.image_sets.kept_features`); the last layer is solved anew for
every picture that comes, on a thread of its own, so that no page waits. Whoever asks meanwhile is answered by what was learned
before.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from core.errors import TrainDeskError
from core.image_analysis.ridge import Head, folds_in_order, learn
from core.image_sets.decode import decode
from core.image_sets.kept_features import KeptFeatures, content_key
from core.images.fit import prepare_square

if TYPE_CHECKING:
    from torch import nn

MOST = 1000  # pictures that are learned from; of more every n-th of the large classes
FEWEST = 2  # pictures of each of two classes, before anything is learned
JUDGED = 5  # pictures of each class, before it is said how many are read right
BATCH = 16  # pictures between two words on how far it is
REMEMBERED = 50_000


@dataclass(frozen=True)
class Example:
    """A picture and its class."""

    key: str  # stays the same for the same picture, and is another for any other
    label: str
    read: Callable[[], bytes]
    group: int = -1  # pictures of one number look alike; -1: it is not known


@dataclass(frozen=True)
class Learned:
    """What was learned of some pictures."""

    class_names: tuple[str, ...]
    counts: tuple[int, ...]  # pictures of each
    right: tuple[int, ...]  # of each, read by heads that knew neither them nor their neighbours; empty: too few to say
    seconds: float  # from the last picture to this
    how: dict[str, Any]
    head: Head
    eye: Eye
    waiting: tuple[str, ...] = ()  # classes with fewer than FEWEST pictures, which it does not know yet

    def prepare(self, image: Image.Image) -> np.ndarray:
        """uint8 (C, S, S). Raises ImageError, NothingDrawn for an empty drawing."""
        return prepare_square(image, **self.how)

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """float (classes,) of a picture from `prepare`."""
        rows = self.eye.answering.submit(self.eye.features, pixels[None]).result()
        return self.head.probabilities(rows)[0]


class Eye:
    """The network of the features, for a whole process: loaded when it is first needed."""

    def __init__(self, kept: KeptFeatures) -> None:
        self.kept = kept
        self.learning = ThreadPoolExecutor(1, thread_name_prefix="learn while collecting")
        self.answering = ThreadPoolExecutor(1, thread_name_prefix="answer while collecting")
        self._lock = threading.Lock()
        self._keys: dict[tuple[str, str], bytes] = {}

    @cached_property
    def _network(self) -> nn.Module:
        from core.image_analysis.photo_features import photo_network

        return photo_network()

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 (N, C, S, S) -> float32 (N, F). Raises TrainDeskError."""
        from core.image_analysis.photo_features import photo_features

        with self._lock:
            network = self._network
        return photo_features(network, pixels)

    def rows(self, examples: Sequence[Example], how: dict[str, Any], tell: Callable[[int, int], None]) -> np.ndarray:
        """float32 (N, F), computed only for those that were never seen; `tell` is told how many are done, of how many."""
        words = repr(sorted(how.items()))
        keys = [self._key(example, words) for example in examples]
        found = self.kept.get(keys)
        missing = [place for place, key in enumerate(keys) if key not in found]
        for start in range(0, len(missing), BATCH):
            tell(len(examples) - len(missing) + start, len(examples))
            places = missing[start : start + BATCH]
            seen = self.features(decode([examples[place].read() for place in places], how))
            new = {keys[place]: row for place, row in zip(places, seen, strict=True)}
            self.kept.put(new)
            found |= new
        return np.stack([found[key] for key in keys])

    def _key(self, example: Example, words: str) -> bytes:
        if len(self._keys) > REMEMBERED:
            self._keys.clear()
        if (example.key, words) not in self._keys:
            self._keys[example.key, words] = content_key(example.read(), words)
        return self._keys[example.key, words]


class Collecting:
    """Follows one collection: `follow` says what there is now, `learned` is what was learned so far."""

    def __init__(self, eye: Eye) -> None:
        self.eye = eye
        self.learned: Learned | None = None
        self.problem = ""  # why nothing could be learned of what there is now, one sentence
        self.done, self.total = 0, 0  # pictures that were looked at
        self._wanted: object = None
        self._ready = threading.Event()
        self._ready.set()

    def follow(self, examples: Sequence[Example], how: dict[str, Any]) -> None:
        """Begins to learn of these unless it does, or has; returns at once."""
        wanted = tuple((example.key, example.label) for example in examples), tuple(how.items())
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._ready.clear()
        began = time.monotonic()
        self.eye.learning.submit(self._learn, wanted, list(examples), how, began)

    def wait(self, seconds: float) -> bool:
        """Whether what there is has been learned, at the latest after so long."""
        return self._ready.wait(seconds)

    def _learn(self, wanted: object, examples: list[Example], how: dict[str, Any], began: float) -> None:
        if wanted != self._wanted:  # more pictures have come meanwhile
            return
        problem, found = "", None
        try:
            found = self._found(examples, how, began)
        except (TrainDeskError, OSError) as error:
            problem = str(error) if isinstance(error, TrainDeskError) else f"A picture is gone ({error.strerror})."
        except Exception as error:
            problem = f"An unexpected error ended it ({type(error).__name__}: {str(error)[:120]})."
        if wanted == self._wanted:
            self.learned, self.problem = found, problem
            self._ready.set()

    def _found(self, examples: list[Example], how: dict[str, Any], began: float) -> Learned | None:
        examples = _some(examples, sorted({example.label for example in examples}))

        def tell(done: int, total: int) -> None:
            self.done, self.total = done, total

        rows = self.eye.rows(examples, how, tell) if examples else np.zeros((0, 0))
        of_each = Counter(example.label for example in examples)
        names = sorted(name for name, count in of_each.items() if count >= FEWEST)
        if len(names) < 2:
            return None
        known = [place for place, example in enumerate(examples) if example.label in names]
        examples, rows = [examples[place] for place in known], rows[known]
        codes = np.array([names.index(example.label) for example in examples], dtype=np.int64)
        counts = np.bincount(codes, minlength=len(names))
        alone = len(examples) + np.arange(len(examples))
        groups = np.array([example.group for example in examples])
        head, said = learn(rows, codes, folds_in_order(codes, np.where(groups < 0, alone + groups.max(), groups)))
        right = np.bincount(codes[said == codes], minlength=len(names))
        return Learned(
            tuple(names),
            tuple(counts.tolist()),
            tuple(right.tolist()) if counts.min() >= JUDGED else (),
            time.monotonic() - began,
            how,
            head,
            self.eye,
            tuple(sorted(of_each.keys() - set(names))),
        )


def _some(examples: list[Example], names: list[str]) -> list[Example]:
    """In the same order; where there are too many, of each class as many at most as all can have, spread over it."""
    if len(examples) <= MOST:
        return examples
    most = max(JUDGED, MOST // len(names))
    places = {name: [place for place, example in enumerate(examples) if example.label == name] for name in names}
    kept = sorted(place for mine in places.values() for place in mine[:: -(-len(mine) // most)])
    return [examples[place] for place in kept]
