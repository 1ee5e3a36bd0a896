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
    torch.manual_seed(4)
    for count in (1, 7, 15, 24, 3001):
        weights, momentum, gradients = torch.randn(count), torch.randn(count), torch.randn(count).to(dtype)
        copies, rates = torch.zeros(count, dtype=torch.bfloat16), (ctypes.c_float * 3)(0.0137, 0.9, decay)
        usual = weights.clone().requires_grad_()
        how = {"momentum": 0.9, "weight_decay": decay, "nesterov": nesterov}
        optimizer = torch.optim.SGD([usual], lr=0.0137, fused=True, **how)
        optimizer.state[usual]["momentum_buffer"] = momentum.clone()
        usual.grad = gradients.float()
        optimizer.step()
        places = [each.data_ptr() for each in (weights, momentum, gradients, copies)]
        name = "move_16" if dtype == torch.bfloat16 else "move_32"
        kernels[name](*places, ctypes.addressof(rates), count, nesterov)
        assert torch.equal(weights, usual.detach())
        assert torch.equal(momentum, optimizer.state[usual]["momentum_buffer"])
        assert torch.equal(copies, weights.bfloat16() if dtype == torch.bfloat16 else torch.zeros_like(copies))
