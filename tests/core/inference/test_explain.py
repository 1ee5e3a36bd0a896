"""Where a network looked, on networks whose answer comes from one known place."""

import numpy as np
import pytest
import torch
from torch import nn

from core.inference.classifier import Classifier
from core.inference.explain import MOST_LAYERS, activations, where_it_looked
from tests.helpers import quick_config


def made(model, **settings):
    config = quick_config(**settings)
    return Classifier(config, model.eval(), config.dataset.info().class_names, "best", 1)


@pytest.fixture
def corner_cnn():
    """Its answer is how bright the lower right quarter is."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(2 * 64, 10))
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].weight[:, 0, 1, 1] = 1
        model[0].bias.zero_()
        model[3].weight.zero_()
        mask = torch.zeros(2, 8, 8)
        mask[:, 5:, 5:] = 1
        model[3].weight[7] = mask.flatten()
    return made(model)


@pytest.fixture
def corner_mlp():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with torch.no_grad():
        model[1].weight.zero_()
        mask = torch.zeros(8, 8)
        mask[5:, 5:] = 1
        model[1].weight[7] = mask.flatten()
    return made(model, architecture={"name": "mlp"})


def test_grad_cam_of_a_convolutional_network_is_brightest_where_the_picture_speaks_for_the_class(corner_cnn):
    picture = np.zeros((1, 8, 8), np.uint8)
    picture[0, 6, 6] = picture[0, 1, 1] = 255
    heat, method = where_it_looked(corner_cnn, picture, 7)
    assert method == "Grad-CAM" and heat.shape == (8, 8) and heat.min() >= 0 and heat.max() == pytest.approx(1)


def test_occlusion_of_a_network_without_convolutions_finds_the_place(corner_mlp):
    picture = np.full((1, 8, 8), 255, np.uint8)
    heat, method = where_it_looked(corner_mlp, picture, 7)
    assert method == "occlusion"
    assert heat[6, 6] > 0.9 and heat[:3, :3].max() < 0.1


def test_layers_show_what_flows_through(corner_cnn):
    picture = np.zeros((1, 8, 8), np.uint8)
    picture[0, 6, 6] = 255
    first, last = activations(corner_cnn, picture)
    assert first.words == "2 filters, 8 x 8" and first.values.shape == (2, 8, 8)
    assert np.unravel_index(first.values[0].argmax(), (8, 8)) == (6, 6)
    assert last.words == "10 answers" and last.values.argmax() == 7
    before = corner_cnn.predict(picture[None])
    assert np.array_equal(corner_cnn.predict(picture[None]), before), "looking changes nothing"


def test_of_a_deep_network_the_first_and_the_last_layers_are_shown():
    from core.architectures.resnet18 import ResNet18

    model = ResNet18(weights="random", train="all").build((1, 8, 8), 10)
    picture = np.random.default_rng(0).integers(0, 255, (1, 8, 8), dtype=np.uint8)
    classifier = made(model, architecture={"name": "resnet18", "weights": "random", "train": "all"})
    assert len(activations(classifier, picture)) == MOST_LAYERS
    assert where_it_looked(classifier, picture, 3)[1] == "Grad-CAM"
