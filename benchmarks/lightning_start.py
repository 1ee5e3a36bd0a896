"""The smallest Lightning script that trains the MLP on MNIST; prints the Unix time at which its first step was done.

    python -m benchmarks.lightning_start        (needs benchmarks/requirements.txt)

As Lightning's introduction writes it, on the processor, less what would slow its start further or write files: no
progress bar, no logger, no checkpoints, no summary of the network.
"""

from __future__ import annotations

import logging
import time
import warnings

import lightning
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from core.paths import data_folder


class MLP(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(
            nn.Flatten(),
            nn.Linear(28 * 28, 200), nn.ReLU(),
            nn.Linear(200, 200), nn.ReLU(),
            nn.Linear(200, 10),
        )  # fmt: skip

    def training_step(self, batch, batch_idx):
        inputs, labels = batch
        return nn.functional.cross_entropy(self.network(inputs), labels)

    def configure_optimizers(self):
        return optim.SGD(self.parameters(), lr=0.01, momentum=0.9)

    def on_train_batch_end(self, outputs, batch, batch_idx):
        print(time.time(), flush=True)


def main() -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    normalised = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    images = datasets.MNIST(str(data_folder()), train=True, transform=normalised)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_steps=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(MLP(), DataLoader(images, batch_size=200, shuffle=True))


if __name__ == "__main__":
    main()
