"""What an epoch of a training takes on the processor and on a GPU of this computer, kept for each network, so that "automatic"
chooses by it and small runs can share a GPU. Imports no torch.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le

from core.errors import TrainDeskError
from core.machine.devices import accelerators
from core.run_config import RunConfig
from core.runs.workspace import NAME, workspace_folder
from core.settings.stored import KeptFiles, write_stored

PAYS = 1.1  # times as fast from which the processor is chosen although a GPU is free: that one leaves the processor to others
Seconds = Annotated[float, Ge(0), Le(1e6)]


@dataclass(frozen=True)
class Measured:
    """What the file of a network holds; 0: not measured."""

    processor: Seconds = 0.0  # of an epoch
    gpu: Seconds = 0.0
    memory: Annotated[int, Ge(0)] = 0  # bytes of the GPU, the most in use

    @property
    def wants_processor(self) -> bool:
        """Whether the processor is faster."""
        return 0 < self.processor * PAYS < self.gpu

    def in_words(self) -> str:
        """ "automatic: the CPU, a GPU would take 1.3 times as long"; "" where not both were measured."""
        if not self.processor or not self.gpu:
            return ""
        if self.wants_processor:
            return f"automatic: the CPU, a GPU would take {_times(self.gpu / self.processor)} as long"
        ratio = self.processor / self.gpu
        return f"automatic: a GPU, the CPU would take {_times(ratio) if ratio >= PAYS else 'about'} as long"


_kept = KeptFiles(Measured)


def measured(runs_folder: Path, config: RunConfig) -> Measured:
    """What is known of the network of a config on this computer. Never raises."""
    return _kept.read(str(_file(runs_folder / NAME, config))) or Measured()


def keep_measured(runs_folder: Path, config: RunConfig, found: Measured) -> None:
    """Keeps it; where that fails, it is measured again."""
    with contextlib.suppress(OSError, TrainDeskError):
        path = _file(workspace_folder(runs_folder), config)
        path.parent.mkdir(exist_ok=True)
        write_stored(path, found, sync=False)


def note_memory(runs_folder: Path, config: RunConfig, memory: int) -> None:
    """What a run really took of its GPU, in bytes, the most."""
    known = measured(runs_folder, config)
    if memory > known.memory:
        keep_measured(runs_folder, config, replace(known, memory=memory))


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio < 9.95 else f"{ratio:,.0f} times"


def _file(folder: Path, config: RunConfig) -> Path:
    """What changes the time of a step, and the devices of this computer, decide."""
    training = config.training
    numbers = (training.batch_size, training.evaluation_batch_size, training.precision, training.compile)
    parts = (config.architecture, config.dataset, config.augmentation, config.optimizer, config.loss)
    known = [*(part.model_dump_json() for part in parts), *map(str, numbers), *(each.words for each in accelerators())]
    return folder / "measured" / f"{hashlib.sha256('|'.join(known).encode()).hexdigest()[:24]}.json"
