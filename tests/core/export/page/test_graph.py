"""Whatever built a network, its operations give the network's own answers."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from core.architectures import ARCHITECTURES
from core.architectures._backbone import BackboneSettings
from core.errors import TrainDeskError
from core.export.page.graph import graph_of
from core.export.page.operations import multiply_adds
from core.export.page.packing import Packer, Unpacked
from core.export.page.reference import values_of
from core.training.layers import layers_of
from tests.core.export.networks import shallow
from tests.helpers import assert_one_sentence

GREY, COLOUR = (1, 28, 28), (3, 33, 32)


@pytest.fixture(autouse=True)
def as_it_is(monkeypatch):
    """Deflating what is inflated at once takes as long as reading a network."""
    monkeypatch.setattr("core.export.page.packing.LEVEL", 0)


def settings(name):
    """Small where they can be, and from random weights."""
    architecture = ARCHITECTURES.get(name)
    own = {"weights": "random", "enlarge_to": 64} if "weights" in architecture.model_fields else {}
    return architecture(**own)


def unsettled(model):
    """Batch norm as after a training, and no layer that begins at zero: what is left out then shows."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, nn.Linear) and not module.weight.any():
            nn.init.normal_(module.weight, 0, 0.1)
    return model.eval()


def as_page(model, shape):
    graph, packer = graph_of(model, shape), Packer()
    operations = [
        {
            "kind": each.kind,
            "inputs": each.inputs,
            "size": each.size,
            **each.settings,
            "arrays": {name: packer.add(values, "f4") for name, values in each.arrays.items()},
        }
        for each in graph.operations
    ]
    network = {"operations": operations, "mean": [0.2] * shape[0], "deviation": [0.3] * shape[0]}
    return graph, Unpacked(packer.packed({"network": network}))


def assert_same(model, shape):
    pixels = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    graph, page = as_page(model, shape)
    with torch.inference_mode():
        values = values_of(page, pixels.transpose(0, 2, 3, 1))
        wanted = model((torch.from_numpy(pixels).float() / 255 - 0.2) / 0.3)
    assert values[-1].shape[1:] == (wanted.shape[1], 1, 1)
    assert torch.allclose(values[-1].flatten(1), wanted, rtol=1e-5, atol=1e-5)
    for operation, value in zip(graph.operations, values[1:], strict=True):
        assert value.shape[1:] == (operation.size[2], *operation.size[:2]), operation.kind
    return graph, values


SMALL = [name for name, architecture in ARCHITECTURES.items() if not issubclass(architecture, BackboneSettings)]


@pytest.mark.parametrize(
    ("name", "shape"), [*[(name, GREY) for name in ARCHITECTURES.names()], *[(name, COLOUR) for name in SMALL]]
)
def test_every_architecture_computes_the_same(name, shape):
    architecture = settings(name)
    with shallow():
        model, layers = unsettled(architecture.build(shape, 5)), layers_of(architecture, shape, 5)
    graph, values = assert_same(model, shape)
    assert multiply_adds(graph) == sum(layer.multiply_adds for layer in layers)
    apart = sum(isinstance(a, nn.MaxPool2d) and isinstance(b, nn.BatchNorm2d) for a, b in pairwise(model.children()))
    assert sum(each.kind == "scale" for each in graph.operations) == apart  # convolutions take batch norm over
    assert graph.features >= 0 and values[graph.features].shape[2:] == (1, 1)


class Unusual(nn.Module):
    """What no architecture here has, and somebody's may."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, (5, 3), stride=2, padding=2)
        self.grouped = nn.Conv2d(8, 12, 3, padding="same", groups=2, dilation=2)
        self.norm = nn.BatchNorm2d(12, affine=False)
        self.average, self.largest = nn.AvgPool2d(3, 2, 1, ceil_mode=True), nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        self.deep, self.widening = (
            nn.Conv2d(12, 12, 3, padding=1, groups=12, bias=False),
            nn.Conv2d(12, 24, 1, groups=12),
        )
        self.strength = nn.Parameter(torch.randn(24, 1, 1))
        self.squeezed, self.last = nn.AdaptiveAvgPool2d((2, 3)), nn.Linear(24 * 6, 5)

    def forward(self, images):
        seen = self.grouped(functional.leaky_relu(self.first(images), 0.2))
        normed = self.norm(seen)
        seen = functional.gelu(normed) + seen * 2 - torch.tanh(normed)  # what batch norm got is used again
        seen = self.largest(self.average(seen))
        seen = torch.cat([self.deep(seen), functional.relu6(seen)], 1) + self.widening(seen)
        seen = functional.elu(seen) * self.strength / 1.5
        seen = functional.interpolate(seen, scale_factor=2)
        seen = functional.interpolate(seen, (9, 11), mode="bilinear", align_corners=True)
        seen = functional.pad(seen, (1, 2, 0, -1))
        seen = seen * seen.mean((2, 3), keepdim=True).sigmoid() + functional.silu(seen)
        return self.last(functional.dropout(self.squeezed(seen), 0.5, self.training).flatten(1))


def test_what_somebody_may_build_computes_the_same():
    assert_same(unsettled(Unusual()), (3, 17, 20))


def test_an_operation_that_no_page_knows_is_named_in_one_sentence():
    class Sorting(nn.Module):
        def forward(self, images):
            return images.flatten(1).sort(1)[0]

    with pytest.raises(TrainDeskError) as said:
        graph_of(Sorting(), GREY, "Sorting")
    assert_one_sentence(str(said.value), "'sort'", "Sorting", "instead")


def test_a_computation_that_depends_on_the_picture_is_refused_in_one_sentence():
    class Choosing(nn.Module):
        def forward(self, images):
            return images.flatten(1)[:, :3] if images.sum() > 0 else images.flatten(1)[:, 3:6]

    with pytest.raises(TrainDeskError) as said:
        graph_of(Choosing(), GREY, "Choosing")
    assert_one_sentence(str(said.value), "Choosing", "depends on the picture")
