"""Steps of fully connected networks that are written out do what autograd, autocast and torch do: to the last bit without the
kernel of the last layer, with it up to the rounding of float32."""

import copy

import pytest
import torch
from torch import nn

from core.training import dense, momentum, setup
from core.training.dense import DenseStep, is_dense
from core.training.gradients import add_gradients
from core.training.kernels import kernels
from core.training.linear import speed_up_linear
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS, parameter_groups
from core.training.precision import mixed
from core.training.step import Stepper
from tests.core.training.trained import CPU, everything, few, losses, run, run_in_two
from tests.helpers import quick_config

BF16 = torch.bfloat16
MOMENTUM = {"name": "sgd", "momentum": 0.9, "learning_rate": 0.1}


def network(sizes=(784, 200, 200, 10), flattens=True):
    torch.manual_seed(5)
    layers = [nn.Flatten()] if flattens else []
    for inputs, outputs in zip(sizes[:-2], sizes[1:-1], strict=True):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True)]
    model = nn.Sequential(*layers, nn.Linear(*sizes[-2:]))
    speed_up_linear(model)
    return model


writes_out = pytest.mark.skipif(not is_dense(network()), reason="this processor does not multiply in bfloat16")


@pytest.fixture
def by_torch(monkeypatch):
    """All sums are torch's."""
    monkeypatch.setattr(dense, "kernels", lambda family: {})


class Trained:
    """A copy of a network with an optimizer of its own, whose steps are written out or not."""

    def __init__(self, model, is_written_out, optimizer=MOMENTUM, loss="cross_entropy", clip=0.0, class_weights=None):
        self.model = copy.deepcopy(model)
        settings = OPTIMIZERS.parse(optimizer)
        self.optimizer = settings.build(parameter_groups(self.model, settings, lambda name: 1.0))
        self.torchs = 0  # steps that the optimizer itself took
        self.optimizer.register_step_post_hook(self._count)
        how = {}
        if is_written_out:
            own = DenseStep(self.model, self.optimizer, bool(clip))
            how = {"add": own.add_gradients, "move": own.move}
        loss_of = LOSSES.parse(loss)
        self.step = Stepper(self.model, loss_of, self.optimizer, mixed(BF16, CPU), class_weights, clip, **how)

    def _count(self, *_):
        self.torchs += 1


def is_near(one, other):
    """Weights, or losses and logits, in which a bfloat16 was rounded up and not down."""
    return torch.allclose(one, other, rtol=1e-5, atol=2e-5 if one.requires_grad else 2e-3)


def assert_the_same(
    one, other, shape=(1, 28, 28), micro_batches=1, between=lambda trained: None, same=torch.equal, classes=10
):
    """Steps with batches of different sizes."""
    torch.manual_seed(6)
    for count in (64, 64, 33, 64):
        inputs, labels = torch.randn(count, *shape).to(BF16), torch.randint(0, classes, (count,))
        found = [trained.step((inputs, labels), micro_batches) for trained in (one, other)]
        assert all(same(*pair) for pair in zip(*found, strict=True))
        for weights, others in zip(one.model.parameters(), other.model.parameters(), strict=True):
            assert same(weights, others)
            assert others.grad is None
        for trained in (one, other):
            between(trained)


@writes_out
@pytest.mark.parametrize(
    ("sizes", "flattens"),
    [((784, 200, 200, 10), True), ((784, 64, 10), True), ((784, 600, 10), False), ((784, 33, 150, 150, 50), True)],
)
def test_networks_of_many_sizes(sizes, flattens, by_torch):
    model = network(sizes, flattens)
    own = Trained(model, True)
    assert_the_same(Trained(model, False), own, (1, 28, 28) if flattens else (784,))
    assert own.torchs == (1 if kernels("momentum") else 4)  # the first, in which the momentum is made


@writes_out
@pytest.mark.parametrize("loss", ["cross_entropy", "nll"])
@pytest.mark.parametrize("sizes", [(784, 200, 200, 10), (784, 64, 3), (784, 300, 50, 13)], ids=str)
def test_the_last_layer_and_its_loss_are_one_kernel(sizes, loss, monkeypatch):
    if not kernels("dense"):
        pytest.skip("llvmlite is not installed")
    model = network(sizes)
    own = Trained(model, True, loss=loss)
    monkeypatch.setattr(dense, "_loss_and_gradient", None)  # so it is not torch that computes it
    assert_the_same(Trained(model, False, loss=loss), own, classes=sizes[-1], same=is_near)
    assert own.torchs == 1


@writes_out
@pytest.mark.parametrize(
    "settings",
    [
        {"loss": {"name": "cross_entropy", "label_smoothing": 0.1}},
        {"loss": "bce"},
        {"class_weights": torch.linspace(0.5, 1.5, 10)},
        {"clip": 0.01},
        {"optimizer": "adam"},
    ],
    ids=str,
)
def test_what_that_kernel_does_not_know_is_torchs(settings):
    model = network()
    assert_the_same(Trained(model, False, **settings), Trained(model, True, **settings), same=is_near)


@writes_out
def test_so_are_many_classes_and_mixed_pictures():
    many = network((784, 64, 20))
    assert_the_same(Trained(many, False), Trained(many, True), classes=20, same=is_near)
    model, inputs, labels = network(), torch.randn(8, 784).to(BF16), torch.arange(8)
    plain, own = Trained(model, False), Trained(model, True)
    step = DenseStep(own.model, own.optimizer, False)
    how = (LOSSES.parse("cross_entropy"), inputs, labels, (labels.flip(0), 0.3), 1, mixed(BF16, CPU))
    for found, right in zip(step.add_gradients(own.model, *how), add_gradients(plain.model, *how), strict=True):
        torch.testing.assert_close(found, right)


@writes_out
@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": {**MOMENTUM, "nesterov": True, "weight_decay": 0.01}},
        {"optimizer": {**MOMENTUM, "momentum": 0.0}},
        {"optimizer": "adam"},
        {"optimizer": "muon"},
        {"loss": "nll"},
        {"loss": {"name": "cross_entropy", "label_smoothing": 0.1}},
        {"loss": "mse"},
        {"clip": 0.5},
        {"class_weights": torch.linspace(0.5, 1.5, 10)},
    ],
    ids=str,
)
def test_optimizers_losses_and_what_looks_at_gradients(settings, by_torch):
    model = network()
    assert_the_same(Trained(model, False, **settings), Trained(model, True, **settings))


@writes_out
def test_without_machine_code(monkeypatch):
    for module in (dense, momentum):
        monkeypatch.setattr(module, "kernels", lambda family: {})
    model = network()
    own = Trained(model, True)
    assert_the_same(Trained(model, False), own)
    assert own.torchs == 4


@writes_out
def test_micro_batches_are_torchs(by_torch):
    model = network()
    assert_the_same(Trained(model, False), Trained(model, True), micro_batches=3)


@writes_out
def test_weights_and_a_learning_rate_that_change_between_two_steps_count(by_torch):
    model = network()
    other = network((784, 200, 200, 10), False).state_dict()

    def change(trained):
        trained.model.load_state_dict(dict(zip(trained.model.state_dict(), other.values(), strict=True)))
        trained.optimizer.param_groups[0]["lr"] *= 0.7

    assert_the_same(Trained(model, False), Trained(model, True), between=change)


@writes_out
def test_gradients_that_are_there_are_added_to(by_torch):
    model = network()
    inputs, labels = torch.randn(8, 784), torch.arange(8)
    plain, own = Trained(model, False), Trained(model, True)
    step = DenseStep(own.model, own.optimizer, False)
    for trained, add in ((plain, add_gradients), (own, step.add_gradients)):
        for weights in trained.model.parameters():
            weights.grad = torch.ones_like(weights)
        add(trained.model, LOSSES.parse("cross_entropy"), inputs, labels, None, 1, mixed(BF16, CPU))
    for weights, others in zip(plain.model.parameters(), own.model.parameters(), strict=True):
        assert torch.equal(weights.grad, others.grad)


@writes_out
def test_what_is_more_than_layers_and_relu_is_left_to_autograd():
    frozen = network()
    frozen[1].weight.requires_grad_(False)
    few_weights = network((64, 16, 10))  # computed in float32
    others = [
        nn.Linear(784, 10),
        network((784, 10)),
        nn.Sequential(*network(), nn.ReLU()),
        nn.Sequential(nn.Linear(784, 200), nn.Tanh(), nn.Linear(200, 10)),
        nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Dropout(0.1), nn.Linear(200, 10)),
        nn.Sequential(nn.Linear(784, 200, bias=False), nn.ReLU(), nn.Linear(200, 10)),
        network().double(),
        network().to("meta"),
        frozen,
        few_weights,
    ]
    assert not any(map(is_dense, others))


@writes_out
def test_a_training_takes_such_steps_and_learns_the_same(monkeypatch, tmp_path):
    config = quick_config(epochs=2, batch_size=32, architecture={"name": "mlp", "hidden": [96, 64]}, optimizer=MOMENTUM)
    data = few(config.dataset.load(None))
    taken = []
    move = DenseStep.move
    monkeypatch.setattr(DenseStep, "move", lambda self: (taken.append(self), move(self)))
    state, happened, _ = run(config, data, BF16)
    assert len(taken) == state.step
    resumed, again, _ = run_in_two(config, data, 4, tmp_path / "last.pt", BF16)
    assert everything(resumed) == everything(state) and losses(again) == losses(happened)
    run(config, data)  # float32
    assert len(taken) == 2 * state.step
    monkeypatch.setattr(dense, "kernels", lambda family: {})
    by_torch, found, _ = run(config, data, BF16)
    assert losses(found) == pytest.approx(losses(happened), rel=0.01)
    monkeypatch.setattr(setup, "dense_step", lambda *_: None)
    usual, by_autograd, _ = run(config, data, BF16)
    assert everything(usual) == everything(by_torch) and losses(by_autograd) == losses(found)
