"""SGD by machine code moves weights as torch's fused SGD does, to the last digit."""

import ctypes

import pytest
import torch

pytest.importorskip("llvmlite")

from core.native.machine_code import compiled  # noqa: E402
from core.native.momentum import momentum_kernels  # noqa: E402


@pytest.fixture(scope="module")
def kernels():
    return compiled(momentum_kernels())


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_weights_momentum_and_copies_are_torchs(dtype, decay, nesterov, kernels):
    """Of several layers in one call."""
    torch.manual_seed(4)
    rates = (ctypes.c_float * 4)(0.0137, 0.9, decay, nesterov)
    how = {"momentum": 0.9, "weight_decay": decay, "nesterov": nesterov}
    layers, parts = [], []
    for count in (1, 7, 15, 24, 3001):
        weights, momentum, gradients = torch.randn(count), torch.randn(count), torch.randn(count).to(dtype)
        copies, usual = torch.zeros(count, dtype=torch.bfloat16), weights.clone().requires_grad_()
        optimizer = torch.optim.SGD([usual], lr=0.0137, fused=True, **how)
        optimizer.state[usual]["momentum_buffer"] = momentum.clone()
        usual.grad = gradients.float()
        optimizer.step()
        layers.append((weights, momentum, gradients, copies, usual.detach(), optimizer.state[usual]["momentum_buffer"]))
        places = [each.data_ptr() for each in (weights, momentum, gradients, copies)]
        parts.append([*places, ctypes.addressof(rates), count])
    name = "move_16" if dtype == torch.bfloat16 else "move_32"
    table = torch.tensor(parts)
    kernels[name](table.data_ptr(), len(parts))
    for weights, momentum, _, copies, usual, usual_momentum in layers:
        assert torch.equal(weights, usual) and torch.equal(momentum, usual_momentum)
        assert torch.equal(copies, weights.bfloat16() if dtype == torch.bfloat16 else torch.zeros_like(copies))
