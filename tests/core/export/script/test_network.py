"""A network is written out as it is built."""

import pytest
import torch
from torch import nn

from core.architectures import ARCHITECTURES
from core.errors import TrainDeskError
from core.export.script.network import written_network
from tests.core.export.script.scripts import run_text, variants
from tests.helpers import assert_one_sentence


@pytest.mark.parametrize("name", ARCHITECTURES.names())
def test_every_network_is_written_out_as_it_is(name):
    """Of which parts train, every choice is tried in `test_training`; the numbers are the same."""
    architecture = ARCHITECTURES.parse(variants(name)[-2:][0])
    side = 32
    shape = (3, side, side)
    torch.manual_seed(0)
    ours = architecture.build(shape, 7)
    written = written_network(architecture, shape, 7)
    theirs = run_text(f"{written.definitions}\n{written.build}")["network"]

    assert sum(each.numel() for each in theirs.parameters()) == sum(each.numel() for each in ours.parameters())
    trained = [[each.requires_grad for each in network.parameters()] for network in (ours, theirs)]
    assert trained[0] == trained[1]
    values = [list(network.state_dict().values()) for network in (ours, theirs)]
    assert all(torch.equal(one, other) for one, other in zip(*values, strict=True)), "it begins with other weights"
    with torch.no_grad():
        for weights in ours.parameters():
            weights.add_(torch.randn_like(weights) * 0.01)
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    inputs = torch.randn(2, *shape)
    with torch.inference_mode():
        torch.testing.assert_close(theirs.eval()(inputs), ours.eval()(inputs), rtol=1e-4, atol=1e-5)


def test_an_architecture_that_somebody_adds_is_written_without_a_word_here(monkeypatch):
    class Odd(ARCHITECTURES.get("mlp")):
        def build(self, shape, classes):
            return nn.Sequential(
                nn.Conv2d(shape[0], 8, (3, 5), stride=2, padding=1, bias=False),
                nn.Conv2d(8, 8, 3, padding="same", padding_mode="reflect", groups=8),
                nn.GroupNorm(2, 8, eps=1e-3),
                nn.Sequential(nn.LeakyReLU(0.2), nn.AvgPool2d(2, ceil_mode=True)),
                nn.Identity(),
                nn.Upsample(scale_factor=2, mode="bilinear"),
                nn.AdaptiveMaxPool2d((2, 3)),
                nn.Flatten(),
                nn.LayerNorm(48),
                nn.GELU("tanh"),
                nn.Linear(48, classes, bias=False),
            )

    written = written_network(Odd(), (1, 16, 16), 3)
    theirs, ours = run_text(written.build)["network"], Odd().build((1, 16, 16), 3)
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    inputs = torch.randn(2, 1, 16, 16)
    torch.testing.assert_close(theirs(inputs), ours(inputs))


def test_a_network_with_parts_of_its_own_is_refused_in_one_sentence():
    class Twice(nn.Linear):
        def forward(self, inputs):
            return 2 * super().forward(inputs)

    class Odd(ARCHITECTURES.get("mlp")):
        def build(self, shape, classes):
            return nn.Sequential(nn.Flatten(), Twice(64, classes))

    with pytest.raises(TrainDeskError) as error:
        written_network(Odd(), (1, 8, 8), 3)
    assert_one_sentence(str(error.value), "Twice", "ONNX")
