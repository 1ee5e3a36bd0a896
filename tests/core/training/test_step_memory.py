"""A step that has no room is taken once, cut, or told in one sentence."""

import pytest
import torch
from torch import nn

from core.machine.memory import OutOfMemory
from core.training.gradients import BatchTooLarge
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS, parameter_groups
from core.training.step import Stepper
from tests.core.short import EACH_KIND, WORDINGS
from tests.core.training.steppers import stepper
from tests.core.training.tape import recording_cpu  # noqa: F401
from tests.helpers import assert_one_sentence

pytestmark = pytest.mark.usefixtures("recording_cpu")


def test_a_batch_that_does_not_fit_changes_nothing():
    class Greedy(nn.Linear):
        def forward(self, inputs):
            if len(inputs) > 4:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(inputs)

    network = Greedy(3, 2)
    before = network.weight.clone()
    step, _ = stepper(network)
    with pytest.raises(BatchTooLarge):
        step((torch.randn(8, 3), torch.zeros(8, dtype=torch.long)), 1)
    assert torch.equal(network.weight, before) and network.weight.grad is None
    step((torch.randn(8, 3), torch.zeros(8, dtype=torch.long)), 2)
    assert not torch.equal(network.weight, before)


def small_stepper(optimizer_name="adam", **more):
    torch.manual_seed(0)
    network, settings = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), OPTIMIZERS.get(optimizer_name)()
    optimizer = settings.build(parameter_groups(network, settings, lambda name: 1.0))
    return network, optimizer, Stepper(network, LOSSES.get("cross_entropy")(), optimizer, torch.enable_grad(), **more)


BATCH = torch.linspace(-1, 1, 24).view(8, 3), torch.arange(8) % 2


@EACH_KIND
def test_state_of_an_optimizer_that_was_half_made_is_made_anew(error):
    expected, _, step = small_stepper()
    step(BATCH, 1)
    network, optimizer, step = small_stepper()
    real, tries = optimizer.step, []

    def half():
        tries.append(1)
        if len(tries) == 1:
            optimizer.state[network[0].weight] = {"step": torch.zeros(()), "exp_avg": torch.zeros(4, 3)}
            raise error
        return real()

    optimizer.step = half
    step(BATCH, 1)
    assert len(tries) == 2
    for one, other in zip(network.parameters(), expected.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("when", ["always", "after a weight has moved", "in a later step"])
def test_an_optimizer_without_room_is_one_sentence_and_takes_no_step_twice(when):
    network, optimizer, step = small_stepper()
    if when == "in a later step":
        step(BATCH, 1)
    tries = []

    def short():
        tries.append(1)
        if when == "after a weight has moved":
            with torch.no_grad():
                network[0].weight.add_(1)
        raise WORDINGS["CUDA"]

    optimizer.step = short
    with pytest.raises(OutOfMemory) as caught:
        step(BATCH, 1)
    assert_one_sentence(str(caught.value), "what Adam keeps of 26 weights", "choose SGD with momentum 0")
    assert len(tries) == (2 if when == "always" else 1)


def test_gradients_that_do_not_fit_when_they_are_clipped_are_computed_anew(monkeypatch):
    network, _, step = small_stepper("sgd", gradient_clip=1.0)
    monkeypatch.setattr(nn.utils, "clip_grad_norm_", lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(BatchTooLarge):
        step(BATCH, 1)
    assert network[0].weight.grad is None
