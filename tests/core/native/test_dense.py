"""The last layer with its loss, and ReLU's gradient, by machine code are torch's up to the rounding of float32."""

import pytest
import torch

pytest.importorskip("llvmlite")

from core.native.dense import dense_kernels  # noqa: E402
from core.native.machine_code import compiled  # noqa: E402

BF16 = torch.bfloat16


@pytest.fixture(scope="module")
def kernels():
    return compiled(dense_kernels())


def last_layer(kernels, inputs, weights, bias, labels):
    """What the kernel writes: logits, loss, gradients of weights, bias and inputs. Behind each of them nothing changes."""
    (count, size), classes = inputs.shape, len(bias)
    shapes = [(count, classes), (), (classes, size), (classes,), (count, size)]
    kinds = [torch.float32] * 4 + [BF16]
    lengths = [torch.Size(shape).numel() for shape in shapes]
    outputs = [torch.full((length + 9,), 7.0, dtype=kind) for length, kind in zip(lengths, kinds, strict=True)]
    space = torch.zeros(24 * size + 16 * (count + 2) + 9)
    memory = (inputs, weights, bias, labels, *outputs, space)
    kernels["last_layer"](*(each.data_ptr() for each in memory), count, size, classes)
    assert all((each[-9:] == 7).all() for each in outputs) and not space[-9:].any()
    return [each[:-9].view(shape) for each, shape in zip(outputs, shapes, strict=True)]


def torchs(inputs, weights, bias, labels):
    leaves = [each.double().requires_grad_() for each in (weights, bias, inputs)]
    logits = torch.nn.functional.linear(leaves[2], leaves[0], leaves[1])
    loss = torch.nn.functional.cross_entropy(logits, labels)
    return [logits.detach(), loss.detach(), *torch.autograd.grad(loss, leaves)]


@pytest.mark.parametrize("scale", [0.1, 30.0])  # of the weights: unsure, and so sure that most shares are 0
@pytest.mark.parametrize("shape", [(200, 200, 10), (33, 37, 3), (7, 16, 16), (1, 5, 2), (9, 250, 15)], ids=str)
def test_a_last_layer_its_loss_and_gradients(shape, scale, kernels):
    torch.manual_seed(3)
    count, size, classes = shape
    inputs, labels = torch.randn(count, size).relu().to(BF16), torch.randint(0, classes, (count,))
    weights, bias = torch.randn(classes, size) * scale, torch.randn(classes)
    found = last_layer(kernels, inputs, weights, bias, labels)
    for each, right in zip(found, torchs(inputs, weights, bias, labels), strict=True):
        exactness = 2**-8 if each.dtype == BF16 else 1e-5
        torch.testing.assert_close(
            each.double(), right, rtol=exactness, atol=exactness * float(right.abs().max()) + 1e-7
        )


def test_a_loss_near_nothing_keeps_its_digits(kernels):
    weights, inputs = torch.eye(3) * 9, torch.eye(3, dtype=BF16)
    loss = last_layer(kernels, inputs, weights, torch.zeros(3), torch.arange(3))[1]
    assert float(loss) == pytest.approx(2 * 0.0001234098, rel=1e-3)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_none_in_the_loss(value, kernels):
    weights = torch.randn(4, 8)
    weights[2, 3] = value
    found = last_layer(
        kernels, torch.ones(5, 8, dtype=BF16), weights, torch.zeros(4), torch.zeros(5, dtype=torch.int64)
    )
    assert all(each.isnan().any() for each in found[1:])


@pytest.mark.parametrize("shape", [(200, 200), (3, 37), (1, 5)], ids=str)
def test_the_gradient_of_relu_and_its_sums(shape, kernels):
    torch.manual_seed(4)
    gradients, outputs = torch.randn(shape).to(BF16), torch.randn(shape).relu().to(BF16)
    sums = torch.full((shape[1] + 9,), 7.0, dtype=BF16)
    right = torch.where(outputs > 0, gradients, torch.zeros((), dtype=BF16))
    kernels["cut"](gradients.data_ptr(), outputs.data_ptr(), sums.data_ptr(), *shape)
    assert torch.equal(gradients, right) and (sums[-9:] == 7).all()
    torch.testing.assert_close(sums[:-9].float(), right.float().sum(0), rtol=2**-8, atol=1e-6)
