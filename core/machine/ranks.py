"""Ranks: the processes, one for each device, that compute one run together. torch.distributed joins them over this computer's
loopback; torchrun (`core.workers.torchrun`) starts them and ends the others when one dies.

Rank 0 is the run's worker: it alone writes the run's folder and hears what people ask. The others have no will of their own and
end with it, however it ends. A folder for temporary files names all their processes and says what each has to do.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files import read_json, write_atomically
from core.machine.memory import kills
from core.machine.processes import is_gone, name_process

if TYPE_CHECKING:
    import torch

FOLDER = "TRAINDESK_RANKS"  # the variable that names their folder to them
AGENT = "agent"  # the file that names torchrun's process
LOOK_SECONDS = 0.1  # between two looks at whether the others live
PATIENCE = timedelta(days=365)  # rank 0 waits for people as long as they like, and the others for it
OF_TORCHRUN = ("TORCHELASTIC_", "MASTER_", "GROUP_", "ROLE_")  # beginnings of variables that only ranks may find
LOOPBACK = {"linux": "lo", "darwin": "lo0"}.get(sys.platform, "")


class Ranks:
    """One of the processes, and how it speaks with the others. Until `connect` it does without torch."""

    def __init__(self, folder: Path, rank: int, size: int):
        """Names this process in the folder."""
        self.folder, self.rank, self.size = folder, rank, size
        self._is_over = threading.Event()
        self._group: Any = None
        self._kills = kills()
        mark = folder / str(rank)
        mark.touch()
        name_process(mark, os.getpid())

    @classmethod
    def from_environment(cls) -> Ranks | None:
        """This process as torchrun started it, else None. What says so is taken out of the environment: the next training that
        this process starts is none of these ranks."""
        folder = os.environ.pop(FOLDER, "")
        rank, size = (os.environ.pop(name, "") for name in ("RANK", "WORLD_SIZE"))
        if not folder or not rank:
            return None
        for name in [name for name in os.environ if name.startswith(OF_TORCHRUN) or name.startswith("LOCAL_")]:
            del os.environ[name]
        return cls(Path(folder), int(rank), int(size))

    def command(self, orders: dict[str, Any] | None) -> None:
        """Tells the others, as plain values, what to compute on; None: nothing, one device is enough."""
        write_atomically(self.folder / "orders.json", json.dumps(orders).encode(), sync=False)
        if orders is None:
            self.release()

    def orders(self) -> dict[str, Any] | None:
        """What rank 0 commands, once it does."""
        path = self.folder / "orders.json"
        while not path.exists():
            time.sleep(LOOK_SECONDS / 2)
        return read_json(path)

    def connect(self, device: torch.device) -> None:
        """Joins the others, each with the device that it computes on. Returns when all have."""
        import torch
        from torch import distributed

        for library in ("GLOO", "NCCL"):
            if LOOPBACK:
                os.environ.setdefault(f"{library}_SOCKET_IFNAME", LOOPBACK)
        store = distributed.FileStore(str(self.folder / "store"), self.size)
        distributed.init_process_group("gloo", store=store, rank=self.rank, world_size=self.size, timeout=PATIENCE)
        if device.type == "cuda":
            torch.cuda.set_device(device)
            self._group = distributed.new_group(backend="nccl")

    @property
    def group(self) -> Any:
        """torch's group for what lies on the devices; None is its default one."""
        return self._group

    def own_rows(self, count: int) -> tuple[int, int]:
        """Of so many rows those that are this rank's: start and end."""
        return count * self.rank // self.size, count * (self.rank + 1) // self.size

    def from_first(self, value: float) -> float:
        """The value that rank 0 gives. The others wait for it without keeping their device busy, as long as it takes."""
        import torch
        from torch import distributed

        given = torch.tensor(value, dtype=torch.float64)
        distributed.broadcast(given, 0)
        return given.item()

    def gathered(self, value: Any) -> list[Any]:
        """The values that all ranks give, in their order."""
        from torch import distributed

        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, value)
        return found

    def add(self, tensor: torch.Tensor) -> torch.Tensor:
        """Makes a tensor on the device the sum over all ranks, in place."""
        from torch import distributed

        distributed.all_reduce(tensor, group=self._group)
        return tensor

    def watch(self, lost: Callable[[str], object]) -> None:
        """Ends this process without a word when rank 0 or torchrun is gone; on rank 0 calls `lost` in a thread with a sentence
        when another rank is."""
        threading.Thread(target=self._watch, args=(lost,), name="ranks", daemon=True).start()

    def lost(self, wait: float = 0.0) -> str:
        """A sentence about a rank that ended before its time, within so many seconds; "" when there is none."""
        end = time.monotonic() + wait
        while not self._is_over.is_set():
            for rank in range(1, self.size):
                if is_gone(self.folder / str(rank)) and not self._said(rank, "done").exists():
                    return self._in_words(rank)
            if time.monotonic() >= end:
                break
            time.sleep(LOOK_SECONDS / 2)
        return ""

    def is_led(self, wait: float) -> bool:
        """Whether rank 0 still trains so many seconds from now."""
        end = time.monotonic() + wait
        while not (self._said(0, "done").exists() or is_gone(self.folder / "0")):
            if time.monotonic() >= end:
                return True
            time.sleep(LOOK_SECONDS / 2)
        return False

    def say_why(self, sentence: str, remedy: dict[str, Any]) -> None:
        """Leaves word of why this rank ends before its time, and with which values at paths of the config it may go."""
        said = json.dumps({"sentence": sentence, "remedy": remedy})
        write_atomically(self._said(self.rank, "why"), said.encode(), sync=False)

    def remedy(self) -> dict[str, Any]:
        """What a rank that ended before its time said would help; nothing where none did."""
        return next((said["remedy"] for rank in range(1, self.size) if (said := self._why(rank))), {})

    def release(self) -> None:
        """Nobody needs the others any more: this rank has done its part, or rank 0 goes on alone."""
        self._is_over.set()
        self._said(self.rank, "done").touch()

    def _watch(self, lost: Callable[[str], object]) -> None:
        above = [self.folder / AGENT] + ([self.folder / "0"] if self.rank else [])
        while not self._is_over.wait(LOOK_SECONDS):
            if any(map(is_gone, above)):
                os._exit(0 if self.rank else 1)
            if self.rank == 0 and (sentence := self.lost()):
                lost(sentence)
                return

    def _said(self, rank: int, what: str) -> Path:
        return self.folder / f"{rank}.{what}"

    def _in_words(self, rank: int) -> str:
        if said := self._why(rank):
            return said["sentence"]
        why = "ended without a word"
        if kills() > self._kills:
            why = "was ended by the system, most likely because memory ran out"
        return (
            f"Device {rank + 1} of {self.size} was lost: the process that computed on it {why}; "
            "what was saved last is kept, so resume the run."
        )

    def _why(self, rank: int) -> dict[str, Any] | None:
        said = read_json(self._said(rank, "why"))
        return said if isinstance(said, dict) else None
