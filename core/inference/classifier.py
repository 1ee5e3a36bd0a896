"""A trained network ready to answer: class probabilities for prepared pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from threadpoolctl import threadpool_limits
from torch import nn

from core.run_config import RunConfig
from core.runs.store import Run, checkpoint_of
from core.training.batches import pictures
from core.training.checkpoints import load_checkpoint, rebuild
from core.training.halving import Fit, all_in_halves
from core.training.layers import layers_of
from core.training.views import VIEWS, with_views

Answer = TypeVar("Answer")
BATCH = 250  # images at a time; more is slower on a CPU
FEW = 8  # pictures that are answered on one thread that stays
# Streamlit answers every stroke on a thread of its own, and the first network on a thread costs 30 to 40 ms: OpenMP starts
# helpers for it and oneDNN plans anew. On a thread that stays, and computes alone beside a busy browser, a picture takes 1 to 3.
_steady = ThreadPoolExecutor(1, thread_name_prefix="answers", initializer=lambda: threadpool_limits(1))


@dataclass(frozen=True)
class Classifier:
    """The network of one checkpoint, on the CPU, with its class names and its dataset's way of preparing pictures."""

    config: RunConfig
    model: nn.Module
    class_names: tuple[str, ...]
    checkpoint: str  # its name among the run's checkpoints: "best", "last" or the epoch that was kept
    epoch: int
    fit: Fit = field(default_factory=Fit)  # how many pictures at a time have room in the memory

    @classmethod
    def load(cls, run: Run, which: str = "") -> Classifier:
        """From the checkpoint of that name, by default the best, else the last. Raises TrainDeskError when there is none or it
        is damaged."""
        path = checkpoint_of(run, which)
        content = load_checkpoint(path)
        config = RunConfig.from_dict(content["config"])
        model = rebuild(config.architecture, content, path)
        return cls(config, model, tuple(content["class_names"]), which or path.stem, content["epoch"])

    def affordable(self, work: int, least: int) -> int:
        """How many pictures it answers with so many multiply-adds; at least so many, whatever that takes."""
        layers = layers_of(self.config.architecture, self.config.dataset.info().shape, len(self.class_names))
        each = sum(layer.multiply_adds for layer in layers) * len(VIEWS[self.config.training.views])
        return max(least, work // max(1, each))

    def prepare(self, image: Image.Image) -> np.ndarray:
        """A picture as the network's pixels, uint8 (C, H, W). Raises ImageError."""
        return self.config.dataset.prepare(image)

    def inputs(self, prepared: np.ndarray) -> torch.Tensor:
        """Network inputs float32 (N, C, H, W) of pixels uint8 (N, C, H, W)."""
        images = torch.from_numpy(np.ascontiguousarray(prepared))
        split = pictures(images, torch.zeros(len(images), dtype=torch.int64), self.config.dataset, torch.device("cpu"))
        return split.slice(0, len(images))[0]

    def predict(self, prepared: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        """Probabilities float32 (N, classes), rows summing to 1, of N pictures from `prepare`, as many at a time as there is
        room for. Raises OutOfMemory when one alone is too much."""
        return self._on_its_thread(self._answer, np.stack(list(prepared)))

    def embed(self, prepared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What enters the last layer, float32 (N, F), for the pictures as they are, and the probabilities (N, classes), of pixels
        uint8 (N, C, H, W)."""
        return self._on_its_thread(self._embed, prepared)

    def _embed(self, prepared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        last = [module for module in self.model.modules() if isinstance(module, nn.Linear)][-1]
        seen: list[torch.Tensor] = []
        here = threading.get_ident()  # other threads ask the same network meanwhile

        def see(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            if threading.get_ident() == here:
                seen.append(inputs[0].flatten(1).float())

        hook = last.register_forward_pre_hook(see)
        try:
            probabilities, features = self._answers(prepared, seen)
        finally:
            hook.remove()
        return features, probabilities

    @staticmethod
    def _on_its_thread(ask: Callable[[np.ndarray], Answer], prepared: np.ndarray) -> Answer:
        return _steady.submit(ask, prepared).result() if len(prepared) <= FEW else ask(prepared)

    def _answer(self, prepared: np.ndarray) -> np.ndarray:
        return self._answers(prepared, [])[0]

    def _answers(self, prepared: np.ndarray, seen: list[torch.Tensor]) -> list[np.ndarray]:
        """Probabilities, and of what a hook puts into `seen` what it saw of the first view, the pictures as they are."""
        network = with_views(self.model, self.config.training.views)

        def of(start: int, end: int) -> list[torch.Tensor]:
            seen.clear()
            with torch.inference_mode():
                probabilities = self.config.loss.probabilities(network(self.inputs(prepared[start:end])))
            return [probabilities, *seen[:1]]

        portions = all_in_halves(len(prepared), BATCH, of, self.fit, torch.device("cpu"))
        return [torch.cat(parts).numpy() for parts in zip(*portions, strict=True)]
