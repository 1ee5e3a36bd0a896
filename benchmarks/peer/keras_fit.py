"""Keras 3: a Sequential model, `compile` and `fit` on NumPy arrays, on the backend that KERAS_BACKEND names.

Timed around `train_function`, which Keras lets subclasses make: it costs nothing, where a callback at each batch's end would
make Keras read the metrics each time. The first round compiles and is not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras

from benchmarks.peer import arrays
from benchmarks.peer.keras_models import RECIPES, network
from benchmarks.peer.stopwatch import Stopwatch

# TensorFlow only: so many steps in one call of its compiled function, 1.15 times faster on simple_cnn, 1.23 in bfloat16.
# XLA, which Keras switches on there by itself, makes no difference then.
STEPS_PER_EXECUTION = 8  # a divisor of all counts of steps


class Timed(keras.Sequential):
    stopwatch: Stopwatch

    def make_train_function(self, force=False):
        if self.train_function is not None and not force:
            return
        super().make_train_function(force)
        step = self.train_function

        def timed_step(data):
            logs = step(data)
            if self.stopwatch.is_due(self.steps_per_execution):
                keras.ops.convert_to_numpy(logs["loss"])  # waits for all that is still being computed
            if self.stopwatch.tick(self.steps_per_execution):
                self.stop_training = True
            return logs

        self.train_function = timed_step


def training_round(name: str, steps: int, variant: str, folder: Path) -> Callable[[], float]:
    recipe, documented = RECIPES[name], variant == "documented"
    if variant == "best, bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    backend = keras.backend.backend()
    order = "channels_first" if backend == "torch" and not documented else "channels_last"
    images, labels = arrays.load(folder)  # (N, C, H, W), (N,)
    if order == "channels_last":
        images = images.transpose(0, 2, 3, 1).copy()
    model = Timed(network(recipe, order, "softmax" if documented else None))
    model.compile(
        optimizer=recipe.optimizer(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=not documented),
        metrics=["accuracy"] if documented else None,
        steps_per_execution=1 if documented or backend == "torch" else STEPS_PER_EXECUTION,
    )

    def one_round() -> float:
        model.stopwatch = Stopwatch(steps)
        model.fit(images, labels, batch_size=recipe.batch_size, epochs=1, verbose="auto" if documented else 0)
        return model.stopwatch.rate(recipe.batch_size)

    return one_round
