"""Every network for transfer learning: torchvision's weights give torchvision's features, and the chosen part trains."""

import io

import pytest
import torch

from core.architectures import ARCHITECTURES
from core.architectures._backbone import BackboneSettings
from core.errors import TrainDeskError
from tests.core.architectures.loading import load
from tests.helpers import assert_one_sentence

BACKBONES = [settings for _, settings in ARCHITECTURES.items() if issubclass(settings, BackboneSettings)]


@pytest.fixture(params=BACKBONES, ids=lambda settings: settings.network)
def backbone(request):
    return request.param


@pytest.mark.parametrize("train", ["head", "last_block", "all"])
def test_weights_from_a_file_give_the_answers_of_torchvision(backbone, train, tmp_path):
    torch.manual_seed(1)
    network = backbone.bare(7).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    torch.save(network.state_dict(), tmp_path / "mine.pth")
    model = load(backbone(train=train, weights="file", weights_file=str(tmp_path / "mine.pth")), tmp_path).eval()
    last = network.fc if hasattr(network, "fc") else network.classifier[-1]
    model.head.load_state_dict(last.state_dict())
    inputs = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(model(inputs), network(inputs))


def test_the_new_last_layer_says_nothing_before_it_has_learned(backbone, tmp_path):
    """What it says first of features comes from the pictures and not from chance."""
    model = load(backbone(weights="random"), tmp_path).eval()
    with torch.inference_mode():
        answers = model(torch.randn(2, 3, 64, 64))
    assert torch.equal(answers, model.head.bias.expand_as(answers))


def test_less_trains_the_less_is_chosen(backbone):
    counts = []
    for train in ("head", "last_block", "all"):
        model = backbone(train=train, weights="random").build((3, 32, 32), 4)
        counts.append(sum(weights.numel() for weights in model.parameters() if weights.requires_grad))
    assert counts[0] < counts[1] < counts[2]
    assert counts[0] == model.head.weight.numel() + 4
    assert counts[1] < 0.85 * counts[2]


def test_weights_of_another_network_are_one_sentence(backbone, tmp_path):
    other = next(settings for settings in BACKBONES if settings is not backbone)
    buffer = io.BytesIO()
    torch.save(other.bare().state_dict(), buffer)
    (tmp_path / "other.pth").write_bytes(buffer.getvalue())
    with pytest.raises(TrainDeskError) as caught:
        load(backbone(weights="file", weights_file=str(tmp_path / "other.pth")), tmp_path)
    assert_one_sentence(str(caught.value), backbone.label, backbone.network)
