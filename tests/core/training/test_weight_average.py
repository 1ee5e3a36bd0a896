"""The average of weights: its numbers, what it covers, and that it goes on as if it had never stopped."""

import io

import pytest
import torch

from core.training.weight_average import WeightAverage


def network(seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(64, 3)
    )
    return model.to(memory_format=torch.channels_last)


def train(model, optimizer, average, first, last):
    for step in range(first, last):
        random = torch.Generator().manual_seed(step)
        loss = model(torch.randn(8, 1, 6, 6, generator=random)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update()


def sgd(model):
    return torch.optim.SGD([weights for weights in model.parameters() if weights.requires_grad], lr=0.1, momentum=0.9)


def test_it_begins_as_the_network_and_leaves_it_alone():
    model = network()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    average = WeightAverage(model, 0.9)
    average.update()
    assert type(average.model) is type(model) and not average.model.training and model.training
    assert all(weights.requires_grad for weights in model.parameters())
    assert not any(weights.requires_grad for weights in average.model.parameters())
    for key, value in before.items():
        assert torch.equal(average.model.state_dict()[key], value) and torch.equal(model.state_dict()[key], value)
        assert average.model.state_dict()[key].data_ptr() != model.state_dict()[key].data_ptr()


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.95])
def test_weights_and_statistics_are_averaged_and_counts_copied(decay):
    model = network()
    average = WeightAverage(model, decay)
    expected = {key: value.clone() for key, value in model.state_dict().items()}
    optimizer = sgd(model)
    for step in range(30):
        train(model, optimizer, average, step, step + 1)
        kept = min(decay, (step + 2) / (step + 11))  # t counts this update
        for key, value in model.state_dict().items():
            expected[key] = kept * expected[key] + (1 - kept) * value if value.is_floating_point() else value.clone()
    for key, value in average.model.state_dict().items():
        torch.testing.assert_close(value, expected[key], msg=key)
    assert average.model.state_dict()["1.num_batches_tracked"] == 30


def test_it_is_that_of_torch_once_warm():
    model = network()
    average = WeightAverage(model, 0.8)
    average.updates = 1000
    kinds = torch.optim.swa_utils
    reference = kinds.AveragedModel(model, multi_avg_fn=kinds.get_ema_multi_avg_fn(0.8), use_buffers=True)
    reference.update_parameters(model)  # its first update copies
    optimizer = sgd(model)
    for step in range(10):
        train(model, optimizer, average, step, step + 1)
        reference.update_parameters(model)
    for key, value in average.model.state_dict().items():
        if value.is_floating_point():  # torch averages counts too
            torch.testing.assert_close(value, reference.module.state_dict()[key], msg=key)


def test_frozen_weights_stay_as_they_are_bit_for_bit():
    model = network()
    model[0].requires_grad_(False)
    average = WeightAverage(model, 0.9)
    train(model, sgd(model), average, 0, 5)
    assert torch.equal(average.model[0].weight, model[0].weight)
    assert not torch.equal(average.model[4].weight, model[4].weight)


def test_it_goes_on_from_its_state_bit_for_bit():
    whole = network()
    average, optimizer = WeightAverage(whole, 0.99), sgd(whole)
    train(whole, optimizer, average, 0, 5)
    file = io.BytesIO()
    parts = {"model": whole.state_dict(), "optimizer": optimizer.state_dict(), "average": average.state_dict()}
    torch.save(parts, file)
    train(whole, optimizer, average, 5, 10)
    file.seek(0)
    content = torch.load(file, weights_only=True)
    parted = network(seed=1)
    parted.load_state_dict(content["model"])
    again, optimizer = WeightAverage(parted, 0.99), sgd(parted)
    optimizer.load_state_dict(content["optimizer"])
    again.load_state_dict(content["average"])
    train(parted, optimizer, again, 5, 10)
    assert again.updates == average.updates == 10
    for key, value in average.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[key]), key


def test_it_follows_a_network_whose_weights_are_loaded_later():
    model, other = network(), network(seed=1)
    average = WeightAverage(model, 0.0)
    model.load_state_dict(other.state_dict())
    average.update()
    for key, value in average.model.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[key])
