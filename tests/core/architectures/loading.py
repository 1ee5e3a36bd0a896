"""Networks with their first weights, as a run gets them, and what is said when they cannot be had."""

import pytest
import torch

from core.errors import TrainDeskError


def load(settings, folder, classes=7):
    list(settings.obtain_weights(folder))
    model = settings.build((3, 32, 32), classes)
    settings.load_initial_weights(model, folder)
    return model


def error_of(settings, folder):
    with pytest.raises(TrainDeskError) as caught:
        load(settings, folder)
    return str(caught.value)


def same_body(model, network, inputs):
    """Whether both networks, without their last layers, give the same features."""
    body = torch.nn.Sequential(*list(network.children())[:-1], torch.nn.Flatten())
    with torch.inference_mode():
        expected = body(inputs)
        got = model[:-1].eval()(inputs)
    torch.testing.assert_close(got, expected)
