"""Lightning: a LightningModule with `training_step`, and the Trainer.

Timed in the module's own `on_train_batch_end`. Each round is a new Trainer that goes on with the same network; making it,
its sanity checks and the start of its epoch come before the time starts.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import lightning

from benchmarks.peer.feeding import documented_loader, memory_loader
from benchmarks.peer.models import model
from benchmarks.peer.stopwatch import WARM_STEPS, Stopwatch
from benchmarks.tutorials import TUTORIALS


class Documented(lightning.LightningModule):
    """As in Lightning's README: the loss is computed in `training_step`, logged and returned."""

    def __init__(self, recipe: str, variant: str):
        super().__init__()
        *_, loss_class, self.optimizer_of = TUTORIALS[recipe]
        self.model, self.criterion = model(recipe, variant), loss_class()
        self.stopwatch: Stopwatch | None = None

    def training_step(self, batch, batch_idx):
        inputs, labels = batch
        loss = self.criterion(self.model(inputs), labels)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return self.optimizer_of(self.parameters())

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.stopwatch.tick()


class Quiet(Documented):
    """The same without the log."""

    def training_step(self, batch, batch_idx):
        inputs, labels = batch
        return self.criterion(self.model(inputs), labels)


def training_round(
    recipe: str, steps: int, variant: str, folder: Path, accelerator: str = "cpu"
) -> Callable[[], float]:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    if variant == "documented":
        module, loader = Documented(recipe, variant), documented_loader(recipe)
        options = {"default_root_dir": tempfile.mkdtemp()}  # for its logs and checkpoints
    else:
        module, loader = Quiet(recipe, variant), memory_loader(recipe, folder)
        options = {"barebones": True}  # Lightning's own switch for all that costs speed
        if variant == "best, bfloat16":
            options["precision"] = "bf16-mixed"

    def one_round() -> float:
        module.stopwatch = Stopwatch(steps)
        trainer = lightning.Trainer(accelerator=accelerator, devices=1, max_steps=WARM_STEPS + steps, **options)
        trainer.fit(module, loader)
        return module.stopwatch.rate(TUTORIALS[recipe][2])

    return one_round
