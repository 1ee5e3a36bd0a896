"""Airbench: its layers are the published ones, and its first is made of the training pictures."""

import pytest
import torch
from torch import nn

from core.architectures import ARCHITECTURES
from core.run_config import RunConfig
from core.settings.settings import SettingsError
from core.training.batches import split
from core.training.build import begin
from tests.helpers import assert_one_sentence, quick_config

CPU = torch.device("cpu")
SMALL = {"name": "airbench", "channels": [8, 16]}


def built(shape=(3, 32, 32), **settings):
    torch.manual_seed(0)
    architecture = ARCHITECTURES.parse({"name": "airbench", **settings})
    return architecture, architecture.build(shape, 10)


def smooth_pictures(count, channels):
    """float32 (count, channels, 16, 16), neighbouring pixels alike and channels too, as in photos."""
    noise = torch.randn(count, 1, 20, 20, generator=torch.Generator().manual_seed(1))
    pictures = nn.functional.avg_pool2d(noise, 5, stride=1) * 4
    own = torch.randn(count, channels, 16, 16, generator=torch.Generator().manual_seed(2))
    return pictures + own * 0.3


def test_it_has_the_published_layers():
    _, model = built()
    convolutions = [each for each in model if isinstance(each, nn.Conv2d)]
    sizes = [(each.in_channels, each.out_channels, each.kernel_size[0]) for each in convolutions]
    assert sizes == [(3, 24, 2), (24, 64, 3), (64, 64, 3), (64, 256, 3), (256, 256, 3), (256, 256, 3), (256, 256, 3)]
    names = [type(each).__name__ for each in model]
    group = ["Conv2d", "MaxPool2d", "BatchNorm2d", "GELU", "Conv2d", "BatchNorm2d", "GELU"]
    assert names == ["Conv2d", "GELU", *group * 3, "MaxPool2d", "Flatten", "Linear"]
    trained = {name for name, weights in model.named_parameters() if weights.requires_grad}
    assert "0.bias" in trained and "0.weight" not in trained
    norms = {f"{place}.weight" for place, each in enumerate(model) if isinstance(each, nn.BatchNorm2d)}
    assert not norms & trained and all(each.momentum == 0.4 for each in model if isinstance(each, nn.BatchNorm2d))
    assert model[-1].weight.std().item() == pytest.approx(1 / 256, rel=0.05) and model[-1].bias is None


def test_a_fresh_convolution_lets_its_inputs_pass():
    _, model = built()
    inputs = torch.randn(2, 24, 9, 9)
    torch.testing.assert_close(model[2](inputs)[:, :24], inputs)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_the_first_layer_gives_is_white(channels):
    architecture, model = built((channels, 16, 16), channels=[8])
    pictures = smooth_pictures(300, channels)
    architecture.look_at(model, pictures)
    with torch.no_grad():
        given = (model[0](pictures) - model[0].bias.view(-1, 1, 1)).movedim(1, -1).flatten(0, 2)
    half = given.shape[1] // 2
    torch.testing.assert_close(given[:, half:], -given[:, :half], rtol=1e-4, atol=1e-4)
    second_moments = given[:, :half].T @ given[:, :half] / len(given)
    assert second_moments.diagonal() == pytest.approx(1, abs=0.05)
    torch.testing.assert_close(second_moments, second_moments.diagonal().diag(), rtol=0, atol=1e-3)


def test_a_training_begins_with_a_look_at_its_pictures_and_an_earlier_network_keeps_its_own():
    config = quick_config(architecture=SMALL)
    dataset = config.dataset
    splits = split(dataset.load(None), dataset, 0.1, 0, CPU)
    state = begin(config, splits, CPU, None)
    expected = config.architecture.build(splits.train.shape, 10)
    config.architecture.look_at(expected, splits.train.sample(5000))
    torch.testing.assert_close(state.model[0].weight.detach(), expected[0].weight.detach())
    earlier = {name: tensor + 1 for name, tensor in state.model.state_dict().items()}
    names = [str(each) for each in range(10)]
    later = begin(config, splits, CPU, None, earlier={"model": earlier, "class_names": names})
    torch.testing.assert_close(later.model[0].weight.detach(), state.model[0].weight.detach() + 1)


def test_pictures_that_are_too_small_are_refused_in_one_sentence():
    with pytest.raises(SettingsError) as said:
        RunConfig.from_dict({"architecture": "airbench", "dataset": "digits"})
    assert_one_sentence(str(said.value), "Airbench", "9 pixels", "8 x 8", "Channels")
    assert RunConfig.from_dict({"architecture": SMALL, "dataset": "digits"})
