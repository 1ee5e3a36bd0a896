"""Max pooling with its ReLU in one pass gives what torch's two layers give."""

import copy

import pytest
import torch
from torch import nn

from core.architectures import ARCHITECTURES
from core.training import pooling
from core.training.kernels import kernels
from core.training.pooling import speed_up_pooling

SIZES = [(28, 28), (7, 9), (2, 3), (14, 5)]
native = pytest.mark.skipif(not kernels("max_pooling"), reason="llvmlite is not installed")


def plain():
    return nn.Sequential(nn.Conv2d(1, 1, 1), nn.MaxPool2d(2), nn.ReLU(inplace=True))


def fast():
    model = plain()
    speed_up_pooling(model)
    return model


def both(inputs):
    """Outputs and input gradients of torch's layers and of ours."""
    found = []
    for model in (plain(), fast()):
        some = inputs.clone(memory_format=torch.channels_last).requires_grad_()
        outputs = model[1:](some)
        outputs.backward(torch.arange(outputs.numel()).view(outputs.shape).sub(40).to(outputs.dtype))
        found.append((outputs, some.grad))
    return found


@native
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3, 16, 45, 64])
def test_values_and_gradients_are_torchs_also_of_equals(channels, size, dtype):
    torch.manual_seed(channels)
    inputs = torch.randn(3, channels, *size).mul(2).round().div(2).to(dtype)  # many equal, many 0
    (outputs, gradients), (own_outputs, own_gradients) = both(inputs)
    assert own_outputs.grad_fn.name().startswith("_Pooling")
    assert torch.equal(own_outputs, outputs) and own_outputs.dtype == dtype
    assert torch.equal(own_gradients, gradients)


@native
@pytest.mark.parametrize(
    ("dtype", "bits", "negative_nan"), [(torch.bfloat16, torch.int16, -64), (torch.float32, torch.int32, -64 << 16)]
)
def test_what_is_no_number_stays_so_whatever_its_sign(dtype, bits, negative_nan):
    inputs = torch.full((1, 4, 2, 2), -1.0, dtype=dtype)
    inputs[0, :, 0, 0] = torch.tensor([float("nan"), -1, float("inf"), -0.0])
    inputs.view(bits)[0, 1, 1, 1] = negative_nan  # an AVX processor's answer to inf - inf
    (outputs, _), (own_outputs, _) = both(inputs)
    assert torch.equal(own_outputs.isnan(), outputs.isnan()) and own_outputs.isnan().sum() == 2
    assert torch.equal(own_outputs.nan_to_num(), outputs.nan_to_num())


@native
@pytest.mark.parametrize("name", ["simple_cnn", "improved_cnn", "photo_cnn"])
@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float32])
def test_a_network_has_the_same_weights_names_and_gradients(name, precision):
    torch.manual_seed(0)
    model = ARCHITECTURES.get(name)().build((1, 28, 28), 10).to(memory_format=torch.channels_last)
    own = copy.deepcopy(model)
    speed_up_pooling(own)
    assert list(own.state_dict()) == list(model.state_dict())
    inputs = torch.randn(8, 1, 28, 28).contiguous(memory_format=torch.channels_last)
    for network in (model, own):
        torch.manual_seed(1)  # dropout
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            logits = network(inputs)
        logits.float().square().sum().backward()
    for weights, own_weights in zip(model.parameters(), own.parameters(), strict=True):
        assert torch.equal(own_weights.grad, weights.grad)


def test_pictures_in_another_layout_or_type_take_torchs_way():
    model = fast()
    for inputs in (torch.randn(2, 3, 6, 6), torch.randn(2, 3, 6, 6, dtype=torch.float64)):
        assert torch.equal(model[1:](inputs), plain()[1:](inputs.clone()))


def test_a_traced_network_shows_ordinary_operations():
    program = torch.export.export(fast(), (torch.randn(2, 1, 6, 6),))
    called = {str(node.target).split(".")[1] for node in program.graph.nodes if node.op == "call_function"}
    assert called & {"max_pool2d", "max_pool2d_with_indices"} and called & {"relu", "relu_"}


def test_pooling_of_another_kind_and_without_relu_stays():
    model = nn.Sequential(
        nn.Conv2d(1, 1, 1),
        nn.MaxPool2d(3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Tanh(),
        nn.MaxPool2d(2, padding=1),
        nn.ReLU(),
    )
    before = [type(layer) for layer in model]
    speed_up_pooling(model)
    assert [type(layer) for layer in model] == before


def test_without_llvmlite_torchs_layers_stay(monkeypatch):
    monkeypatch.setattr(pooling, "kernels", lambda family: {})
    assert [type(layer) for layer in fast()] == [type(layer) for layer in plain()]
