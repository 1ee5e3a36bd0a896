"""What of a computer is left for runs, counted while they are handed out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

ANY_GPU = ("auto", "cuda")  # in a config: whichever is free
SHARED = 0.8  # of a GPU's memory that runs which share it may take together, as far as it is foreseen


class Wish(NamedTuple):
    """What a run needs of a computer."""

    device: str  # as a config names it
    devices: int = 1  # at once
    memory: int = 0  # bytes of a GPU that it is expected to take; 0: not known, so all of it
    prefers_cpu: bool = False  # as it trains faster there; a GPU is taken when no place on the CPU is free


class Room:
    """The places of a computer: so many runs on the CPU; on each GPU one, or a few of which it is known that they are small."""

    def __init__(
        self,
        cpu: int,
        gpus: tuple[str, ...],
        memory: Mapping[str, int] | None = None,
        most: int = 1,
        order: Callable[[list[str]], list[str]] = list,
    ):
        """`memory`: bytes of each GPU, as far as known; `most` runs may share one. `order` sorts free GPUs, the best first."""
        self._cpu, self._gpus, self._order, self._most = cpu, gpus, order, most
        self._cpu_places = max(1, cpu)
        self._memory = memory or {}
        self._on: dict[str, list[int]] = {gpu: [] for gpu in gpus}  # the memory that each run on it needs, 0: all

    def is_full(self) -> bool:
        """Whether nothing fits any more, whatever its device and however small."""
        return self._cpu <= 0 and not any(self._shares(gpu, 1) for gpu in self._gpus)

    def fits(self, wish: Wish) -> bool:
        """Whether such a run finds a place."""
        return bool(self._places(wish))

    def take(self, wish: Wish) -> tuple[str, ...]:
        """Takes the place of a run and says which devices it is given, () where there is none. Of too few GPUs it takes all,
        which are kept free for it."""
        found = self._places(wish)
        if found or not self._of_several(wish):
            self.put(found or ("cpu",) * self._on_cpu(wish), wish)
        else:
            self.put(tuple(gpu for gpu in self._gpus if not self._on[gpu]), wish._replace(memory=0))
        return found

    def put(self, devices: tuple[str, ...], wish: Wish) -> None:
        """Counts a run where it is."""
        for device in devices:
            if device in self._on:
                self._on[device].append(wish.memory if wish.devices == 1 else 0)
            elif device == "cpu":
                self._cpu -= 1

    def has(self, device: str, count: int = 1) -> bool:
        """Whether a config's device is there, so many times, free or not."""
        if count > 1 and (device not in ANY_GPU or len(self._gpus) < count):
            return False
        return device in ("auto", "cpu", *self._gpus) or (device == "cuda" and bool(self._gpus))

    def share(self, device: str) -> float:
        """Of a processor's speed that one more run finds there; a GPU gives all of it.

        n others leave 1 / (1 + n / places): small networks train on a thread each and feel each other little, large ones share.
        """
        if self._gpus and device != "cpu":
            return 1.0
        return 1 / (1 + max(0, self._cpu_places - self._cpu) / self._cpu_places)

    def _places(self, wish: Wish) -> tuple[str, ...]:
        if self._on_cpu(wish):
            return ("cpu",) * wish.devices if self._cpu > 0 else ()
        if wish.prefers_cpu and self._cpu > 0:
            return ("cpu",)
        asked = self._gpus if wish.device in ANY_GPU else (wish.device,)
        free = [gpu for gpu in asked if not self._on[gpu]]
        if self._of_several(wish):  # of more than there are its worker says so
            count = min(wish.devices, len(self._gpus))
            return tuple(self._sorted(free)[:count]) if len(free) >= count else ()
        shared = [gpu for gpu in asked if self._on[gpu] and self._shares(gpu, wish.memory)]
        return tuple((self._sorted(free) or sorted(shared, key=lambda gpu: len(self._on[gpu])))[:1])

    def _on_cpu(self, wish: Wish) -> bool:
        return wish.device not in self._gpus and not (wish.device in ANY_GPU and self._gpus)

    def _of_several(self, wish: Wish) -> bool:
        return wish.devices > 1 and wish.device in ANY_GPU and bool(self._gpus)

    def _sorted(self, free: list[str]) -> list[str]:
        return self._order(free) if len(free) > 1 else free

    def _shares(self, gpu: str, memory: int) -> bool:
        """Whether a run that needs so much finds room beside those that are there."""
        there = self._on[gpu]
        if not there:
            return True
        is_small = memory > 0 and all(there) and len(there) < self._most
        return is_small and sum(there) + memory <= SHARED * self._memory.get(gpu, 0)
