"""Muon: matrices and filters take orthogonal steps, everything else SGD's."""

import pytest
import torch

from core.training.muon import Muon, orthogonalised
from core.training.optimizers import OPTIMIZERS, parameter_groups
from tests.core.training.test_optimizers import everywhere, names_of, network


def matrix(rows, columns, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("rows", "columns"), [(8, 40), (40, 8), (16, 16)])
def test_all_singular_values_come_near_to_one_in_the_same_directions(rows, columns):
    before = matrix(rows, columns)
    left, sizes, right = torch.linalg.svd(before, full_matrices=False)
    turned = left.T @ orthogonalised(before) @ right.T
    assert torch.allclose(turned, turned.diagonal().diag(), atol=1e-4), "the directions have changed"
    found = turned.diagonal()
    large = sizes > 0.1 * sizes.norm()
    assert found.min() > 0 and found[large].min() > 0.5 and found.max() < 1.5
    assert found.max() / found[large].min() < sizes.max() / sizes[large].min()


def test_its_length_makes_no_difference_and_zero_stays_zero():
    torch.testing.assert_close(orthogonalised(matrix(6, 9) * 1000), orthogonalised(matrix(6, 9)), rtol=1e-4, atol=1e-5)
    assert torch.equal(orthogonalised(torch.zeros(3, 4)), torch.zeros(3, 4))


def as_published(weights, gradient, buffer, rate, momentum):
    """One step of airbench94_muon.py on a filter, in float32."""
    buffer.mul_(momentum).add_(gradient)
    ahead = gradient.add(buffer, alpha=momentum)
    weights.mul_(len(weights) ** 0.5 / weights.norm())
    values = ahead.reshape(len(ahead), -1)
    values = values / (values.norm() + 1e-7)
    for _ in range(3):
        inner = values @ values.T
        values = 3.4445 * values + (-4.7750 * inner + 2.0315 * inner @ inner) @ values
    weights.add_(values.view(ahead.shape), alpha=-rate)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("recorded", [False, True])
def test_filters_of_length_one_take_the_published_steps(layout, recorded):
    """`recorded`: the learning rate lies in a tensor."""
    expected = torch.randn(6, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    weights = torch.nn.Parameter(expected.clone().contiguous(memory_format=layout))
    rate = torch.tensor(0.24) if recorded else 0.24
    optimizer = Muon([{"params": [weights], "orthogonal": True}], lr=rate, momentum=0.6, unit_filters=True)
    buffer = torch.zeros_like(expected)
    for step in range(4):
        gradient = torch.randn(6, 4, 3, 3, generator=torch.Generator().manual_seed(10 + step))
        as_published(expected, gradient, buffer, 0.24, 0.6)
        weights.grad = gradient.contiguous(memory_format=layout)
        optimizer.step()
    assert weights.is_contiguous(memory_format=layout)
    torch.testing.assert_close(weights.detach(), expected, rtol=1e-4, atol=1e-5)


def test_a_tall_matrix_takes_longer_steps():
    moved = []
    for rows, columns in ((32, 8), (8, 32)):
        weights = torch.nn.Parameter(torch.zeros(rows, columns))
        weights.grad = matrix(32, 8) if rows == 32 else matrix(32, 8).T
        Muon([{"params": [weights], "orthogonal": True}], lr=0.1).step()
        moved.append(weights.detach().norm())
    assert moved[0] / moved[1] == pytest.approx(2, rel=1e-4)


def test_what_is_no_matrix_takes_the_steps_of_sgd_with_nesterov():
    ours, theirs = (torch.nn.Parameter(torch.ones(5)) for _ in range(2))
    optimizer = Muon([{"params": [ours], "orthogonal": False}], lr=0.1, momentum=0.8)
    other = torch.optim.SGD([theirs], lr=0.1, momentum=0.8, nesterov=True)
    for step in range(5):
        ours.grad = theirs.grad = matrix(5, 1, step).flatten()
        optimizer.step()
        other.step()
    torch.testing.assert_close(ours, theirs)


def test_all_matrices_but_the_last_layers_take_orthogonal_steps():
    model = network()
    settings = OPTIMIZERS.parse({"name": "muon", "learning_rate": 0.2, "last_layer": 0.5, "biases": 4, "momentum": 0.7})
    found = parameter_groups(model, settings, lambda name: 0.1 if name == "1.bias" else 1.0)
    assert names_of(model, found) == [
        ["0.weight", "4.weight"],
        ["1.weight", "4.bias"],
        ["1.bias"],
        ["5.weight", "5.bias"],
    ]
    assert [each["orthogonal"] for each in found] == [True, False, False, False]
    assert [each["momentum"] for each in found] == [0.7, 0.9, 0.9, 0.9]
    assert [each["lr_scale"] for each in found] == pytest.approx([1, 4, 0.4, 0.5])
    assert [each["lr"] for each in found] == pytest.approx([0.2, 0.8, 0.08, 0.1])


def test_a_network_without_hidden_layers_is_trained_too():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3))
    settings = OPTIMIZERS.parse("muon")
    optimizer = settings.build(parameter_groups(model, settings, everywhere))
    model(torch.ones(2, 4)).sum().backward()
    before = model[0].weight.clone()
    optimizer.step()
    assert not torch.equal(model[0].weight, before)
