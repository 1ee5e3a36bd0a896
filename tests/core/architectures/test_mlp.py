"""The MLP: layers, and dropout between them."""

import torch

from core.architectures import ARCHITECTURES


def test_dropout_of_the_mlp_stands_after_every_hidden_layer():
    model = ARCHITECTURES.parse({"name": "mlp", "hidden": [8, 8], "dropout": 0.25}).build((1, 8, 8), 10)
    assert [layer.p for layer in model if isinstance(layer, torch.nn.Dropout)] == [0.25, 0.25]


def test_an_mlp_without_hidden_layers_is_one_linear_layer():
    model = ARCHITECTURES.parse({"name": "mlp", "hidden": []}).build((1, 8, 8), 10)
    assert sum(weights.numel() for weights in model.parameters()) == 64 * 10 + 10
