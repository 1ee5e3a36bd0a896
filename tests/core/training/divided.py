"""Small trainings whose batches are divided over ranks, and the same undivided.

    python -m tests.core.training.divided FOLDER RANK SIZE

is one rank that trains all of them and leaves what it found in FOLDER.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from core.datasets import DATASETS
from core.machine.ranks import Ranks
from core.paths import data_folder
from core.training.build import begin, setup_of
from core.training.gradients import MicroBatchesChanged
from core.training.loop import Epoch, Step, train
from tests.core.training.trained import CPU, few, splits_of
from tests.helpers import quick_config


@dataclass(frozen=True)
class Case:
    """What is trained; `state` is changed in the state that it begins with."""

    settings: dict[str, Any]
    images: int = 150
    state: dict[str, Any] = field(default_factory=dict)
    too_many: int = 0  # images at a time that do not fit into the memory of rank 1


CNN = {"name": "simple_cnn", "channels": [4], "hidden": [8]}
WITH_NORM = {"name": "improved_cnn", "channels": [4, 4], "dropout": 0.4}
PHOTOS = {"weights": "random", "enlarge_to": 0}
CASES = {
    "mlp": Case(
        {"architecture": {"name": "mlp", "hidden": [16], "dropout": 0.3}, "optimizer": "sgd", "batch_size": 33}
    ),
    "cnn": Case({"architecture": CNN, "optimizer": "adam", "schedule": "plateau", "loss": {"name": "mse"}}),
    "clipped and weighted": Case(
        {"architecture": CNN, "training": {"gradient_clip": 0.1, "balance": "weights"}, "optimizer": "sgd"}
    ),
    "mixed": Case({"architecture": CNN, "augmentation": {"shift": 0.1, "contrast": 0.3, "cutout": 0.2, "mixup": 0.3}}),
    "batch norm": Case(
        {
            "architecture": WITH_NORM,
            "augmentation": {"rotation": 10},
            "schedule": "cosine",
            "training": {"average_decay": 0.9, "evaluation_batch_size": 4},
            "batch_size": 31,
        }
    ),
    "micro-batches": Case({"architecture": WITH_NORM, "optimizer": "sgd"}, state={"micro_batches": 3}),
    "short of memory": Case({"architecture": WITH_NORM, "optimizer": "sgd"}, too_many=16),
    "a last batch of one": Case({"architecture": CNN, "batch_size": 45}, state={"least_batch": 1}, images=151),
    "last block": Case(
        {
            "architecture": {"name": "mobilenet_v3_small", "train": "last_block", **PHOTOS},
            "augmentation": {"shift": 0.1},
            "optimizer": "sgd",
        },
        images=60,
    ),
    "dropped layers": Case(
        {
            "architecture": {"name": "efficientnet_b0", "train": "all", **PHOTOS},
            "optimizer": {"name": "sgd", "learning_rate": 0.001},
            "epochs": 1,
            "batch_size": 16,
        },
        images=32,
    ),
}


def trained(case: Case, ranks: Ranks | None = None) -> dict[str, Any]:
    """Losses of all steps and validations, and what the network and its random state are at the end."""
    config = quick_config(**{"epochs": 2, "batch_size": 32, **case.settings})
    data = few(DATASETS.get("digits")().load(data_folder()), case.images)
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None, torch.float32)
    for name, value in case.state.items():
        setattr(state, name, value)
    if case.too_many and ranks is None:
        state.micro_batches = 2
    elif case.too_many and ranks.rank == 1:
        state.model.register_forward_pre_hook(lambda _, inputs: _refuse(len(inputs[0]) > case.too_many // 2))
    losses, validations, changes = [], [], []
    leads = ranks is None or ranks.rank == 0
    for happened in train(state, setup_of(config), splits, ranks=ranks):
        if isinstance(happened, Step):
            losses.append(happened.loss.item())
            if happened.step == 3 and leads:
                state.learning_rate /= 2  # as people may, of which only rank 0 hears
        elif isinstance(happened, Epoch):
            validations.append((happened.metrics, happened.confusion.tolist()))
        elif isinstance(happened, MicroBatchesChanged):
            changes.append(happened.micro_batches)
    return {
        "losses": losses,
        "validations": validations,
        "changes": changes,
        "learning_rate": state.learning_rate,
        "model": state.model.state_dict(),
        "judged": state.eval_model.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "random": torch.get_rng_state(),
    }


def _refuse(too_many: bool) -> None:
    if too_many:
        raise MemoryError


def main(folder: str, rank: str, size: str) -> None:
    torch.set_num_threads(1)
    ranks = Ranks(Path(folder), int(rank), int(size))
    ranks.watch(lambda sentence: sys.exit(sentence))
    ranks.connect(CPU)
    found = {name: trained(case, ranks) for name, case in CASES.items()}
    torch.save(found, Path(folder) / f"found-{rank}.pt")
    ranks.release()


if __name__ == "__main__":
    main(*sys.argv[1:])
