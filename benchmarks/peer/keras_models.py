"""The tutorials' networks as Keras Sequential models: the same layers, sizes, constants, batches and optimizers.

Written out rather than read from `benchmarks.tutorials`, which imports torch: see `arrays.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from keras import layers
from keras.optimizers import SGD, Adam, Optimizer


@dataclass(frozen=True)
class KerasRecipe:
    """A tutorial's network and how it trains."""

    shape: tuple[int, int, int]  # (H, W, C) of an image
    convolutions: tuple[int, ...]  # channels of each 3 x 3 convolution, a pooling after each
    hidden: tuple[int, ...]  # widths of the dense layers before the last
    batch_size: int
    optimizer: Callable[[], Optimizer]
    batch_norm: bool = False
    bias: bool = True  # in the convolutions
    dropout: float = 0.0  # before the last layer


MNIST = (28, 28, 1)
RECIPES = {
    "mlp": KerasRecipe(MNIST, (), (200, 200), 200, lambda: SGD(0.01, momentum=0.9)),
    "simple_cnn": KerasRecipe(MNIST, (16, 32), (128,), 64, lambda: SGD(0.001, momentum=0.9)),
    "simple_cnn_wide": KerasRecipe(MNIST, (32, 64), (), 64, lambda: Adam(0.001)),
    "improved_cnn": KerasRecipe(MNIST, (32, 64), (), 64, lambda: Adam(0.001), batch_norm=True, dropout=0.5),
    "cifar_cnn": KerasRecipe(
        (32, 32, 3), (32, 64, 128), (256,), 32, lambda: Adam(0.001), batch_norm=True, bias=False, dropout=0.3
    ),
}


def network(recipe: KerasRecipe, order: str, last_activation: str | None) -> list[layers.Layer]:
    """The layers, for images in `order`, channels_last or channels_first; None as last activation ends in logits."""
    height, width, channels = recipe.shape
    return [
        layers.Input((channels, height, width) if order == "channels_first" else recipe.shape),
        *(layer for filters in recipe.convolutions for layer in _block(recipe, filters, order)),
        layers.Flatten(),
        *(layers.Dense(size, activation="relu") for size in recipe.hidden),
        *([layers.Dropout(recipe.dropout)] if recipe.dropout else []),
        layers.Dense(10, activation=last_activation, dtype="float32"),  # as Keras asks in its guide on mixed precision
    ]


def _block(recipe: KerasRecipe, filters: int, order: str) -> Iterator[layers.Layer]:
    convolution = {"padding": "same", "use_bias": recipe.bias, "data_format": order}
    if recipe.batch_norm:
        yield layers.Conv2D(filters, 3, **convolution)
        # the constants of torch's BatchNorm2d
        yield layers.BatchNormalization(axis=1 if order == "channels_first" else -1, momentum=0.9, epsilon=1e-5)
        yield layers.Activation("relu")
    else:
        yield layers.Conv2D(filters, 3, activation="relu", **convolution)
    yield layers.MaxPooling2D(2, data_format=order)
