"""Steps that are recorded and played back change a network exactly as those that are taken one by one.

A GPU records them as a CUDA graph; here `tape.Twin` stands in for it, which plays operations back with the numbers and places
in memory that they were recorded with.
"""

import random
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from torch import nn

from core.machine.memory import OutOfMemory
from core.training import loop
from core.training.build import begin, description_of, setup_of
from core.training.checkpoints import load_checkpoint, network_content, restore, resume_content, write_checkpoint
from core.training.gradients import BatchTooLarge
from core.training.loop import Step
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS, parameter_groups
from core.training.recording import plain_state, set_learning_rate
from core.training.step import CHECKS, WARM_UP, NotRecorded, Stepper
from tests.core.short import EACH_KIND, WORDINGS
from tests.core.training.tape import NOT_PERMITTED, Tape, Twin, recording_cpu  # noqa: F401
from tests.core.training.trained import CPU, few, splits_of
from tests.helpers import assert_one_sentence, quick_config

DATA = Path("unused")
COMPUTED = WARM_UP + len(CHECKS) + 1  # full batches that are computed: one of the checks takes its step twice

pytestmark = pytest.mark.usefixtures("recording_cpu")


class Unable(Twin):
    def record(self, call):
        raise RuntimeError(NOT_PERMITTED)


def trained(config, monkeypatch, recorder, steps=40, meanwhile=lambda state, step: None, state=None, happened=None):
    monkeypatch.setattr(loop, "recorder_for", lambda device: recorder)
    splits = splits_of(config, few(config.dataset.load(DATA), 1000))
    state = state or begin(config, splits, CPU, None)
    happening = loop.train(state, setup_of(config), splits)
    losses = []
    for each in happening:
        if happened is not None:
            happened.append(each)
        if isinstance(each, Step):
            losses.append(each.loss.clone())
            meanwhile(state, state.step)
            if len(losses) == steps:
                break
    happening.close()
    return state, torch.stack(losses)


def assert_the_same(one, other):
    (state, losses), (recorded, others) = one, other
    torch.testing.assert_close(others, losses, rtol=1e-5, atol=1e-6)
    both = zip(recorded.model.state_dict().values(), state.model.state_dict().values(), strict=True)
    for one, other in both:
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.names())
@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": "one_cycle", "training": {"gradient_clip": 0.5}},
        {"augmentation": {"mixup": 0.4, "flip": True, "crop": 2}, "training": {"average_decay": 0.9}},
    ],
    ids=["schedule", "augmentation"],
)
def test_recorded_steps_train_as_others_do(optimizer, settings, monkeypatch):
    config = quick_config(
        optimizer=optimizer, **{**settings, "training": {"epochs": 4, "batch_size": 100, **settings["training"]}}
    )
    twin = Twin()
    happened = []
    recorded = trained(config, monkeypatch, twin, happened=happened)
    assert not [each for each in happened if isinstance(each, NotRecorded)]
    assert twin.warmed == COMPUTED and twin.played > 20, "the last, smaller batch of an epoch is not played back"
    assert_the_same(trained(config, monkeypatch, None), recorded)


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("training", [{}, {"balance": "weights"}])
def test_every_loss_can_be_recorded(loss, training, monkeypatch):
    config = quick_config(
        loss={"name": loss, "label_smoothing": 0.1}, training={"epochs": 3, "batch_size": 100, **training}
    )
    twin = Twin()
    recorded = trained(config, monkeypatch, twin, 20)
    assert twin.played > 10
    assert_the_same(trained(config, monkeypatch, None, 20), recorded)


@pytest.mark.parametrize("architecture", ["improved_cnn", {"name": "simple_cnn"}])
def test_chance_and_statistics_within_the_network_go_on(architecture, monkeypatch):
    config = quick_config(architecture=architecture, training={"epochs": 2, "batch_size": 50})
    twin = Twin()
    recorded = trained(config, monkeypatch, twin, 24)
    assert twin.played > 12
    assert_the_same(trained(config, monkeypatch, None, 24), recorded)


def test_what_changes_meanwhile_takes_effect(monkeypatch):
    """A learning rate that a person changes, checkpoints, and a training that goes on from one."""
    config = quick_config(epochs=9, batch_size=100, optimizer="adam", schedule="cosine")

    def change(state, step):
        if step == 25:
            state.learning_rate = 0.05

    twin = Twin()
    recorded = trained(config, monkeypatch, twin, 40, change)
    assert_the_same(trained(config, monkeypatch, None, 40, change), recorded)
    without = trained(config, monkeypatch, None, 40)
    assert not torch.allclose(without[1][26:], recorded[1][26:], rtol=1e-3), "else it shows nothing"


def test_a_recorded_training_goes_on_from_its_checkpoint(monkeypatch, tmp_path):
    config = quick_config(
        epochs=9, batch_size=100, optimizer="adam", augmentation={"shift": 0.1}, training={"average_decay": 0.9}
    )
    state, losses = trained(config, monkeypatch, None, 50)
    first, before = trained(config, monkeypatch, Twin(), 25)  # in the middle of an epoch
    path = tmp_path / "last.pt"
    write_checkpoint(path, {**network_content(first, description_of(config), {}), **resume_content(first, 1)})
    again = begin(config, splits_of(config, few(config.dataset.load(DATA), 1000)), CPU, None)
    restore(again, load_checkpoint(path), path)
    twin = Twin()
    again, after = trained(config, monkeypatch, twin, 25, state=again)
    assert twin.played > 10
    assert_the_same((state, losses), (again, torch.cat([before, after])))


def test_what_cannot_be_recorded_goes_on_without_and_says_so(monkeypatch):
    config = quick_config(epochs=2, batch_size=100, optimizer="adam")
    happened = []
    _, losses = trained(config, monkeypatch, None, 20)
    other, others = trained(config, monkeypatch, Unable(), 20, happened=happened)
    torch.testing.assert_close(others, losses, rtol=1e-6, atol=1e-7)
    assert [each for each in happened if isinstance(each, NotRecorded)] == [
        NotRecorded(f"they could not be recorded ({NOT_PERMITTED})")
    ]
    assert all(isinstance(group["lr"], float) and not group["capturable"] for group in other.optimizer.param_groups)


def test_a_recorded_optimizer_is_kept_as_any_other(monkeypatch):
    config = quick_config(epochs=2, batch_size=100, optimizer="adam")
    state, _ = trained(config, monkeypatch, Twin(), 20)
    assert all(isinstance(group["lr"], torch.Tensor) for group in state.optimizer.param_groups)
    kept = plain_state(state.optimizer)
    assert all(isinstance(group["lr"], float) and not group["capturable"] for group in kept["param_groups"])
    fresh, _ = trained(config, monkeypatch, None, 1)
    fresh.optimizer.load_state_dict(kept)
    set_learning_rate(fresh.optimizer.param_groups[0], 0.5)
    assert fresh.optimizer.param_groups[0]["lr"] == 0.5


def test_short_memory_ends_the_recording(monkeypatch):
    """Batches are cut into micro-batches from then on, which nothing plays back."""
    config = quick_config(epochs=9, batch_size=100, optimizer="adam")

    def cut(state, step):
        if step == 20:
            state.micro_batches = 2

    twin = Twin()
    recorded, others = trained(config, monkeypatch, twin, 30, cut)
    played = twin.played
    _, losses = trained(config, monkeypatch, None, 30, cut)
    torch.testing.assert_close(others, losses, rtol=1e-5, atol=1e-6)
    assert played < 20 and all(isinstance(group["lr"], float) for group in recorded.optimizer.param_groups)


class Linear(nn.Linear):
    """Three numbers, two classes."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(3, 2)


def stepper(network, recorder=None, optimizer="sgd", images=8, **settings):
    made = OPTIMIZERS.get(optimizer)()
    built = made.build(parameter_groups(network, made, lambda name: 1.0))
    return Stepper(
        network, LOSSES.get("cross_entropy")(), built, nullcontext(), recorder=recorder, images=images, **settings
    ), built


def batches(count):
    drawn = torch.Generator().manual_seed(1)
    for _ in range(count):
        yield torch.randn(8, 3, generator=drawn), torch.randint(0, 2, (8,), generator=drawn)


def outcomes(network, recorder, count=COMPUTED + 6):
    step, _ = stepper(network, recorder)
    return torch.stack([step(batch, 1)[0] for batch in batches(count)]), step.news()


class Python(Linear):
    """Multiplies by a number that Python draws."""

    def forward(self, inputs):
        return super().forward(inputs) * random.random()


class Replaced(Linear):
    """Keeps its running mean in a new tensor each time."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, inputs):
        self.mean = self.mean * 0.5 + inputs.mean(dim=0)
        return super().forward(inputs - self.mean)


class Asking(Linear):
    """Looks at a number before it goes on."""

    def forward(self, inputs):
        return super().forward(inputs) * (2 if inputs.sum().item() > 0 else 1)


class Drawing(Linear):
    """Draws from a generator of its own."""

    def __init__(self):
        super().__init__()
        self.own = torch.Generator().manual_seed(2)

    def forward(self, inputs):
        return super().forward(inputs + torch.randn(inputs.shape, generator=self.own))


@pytest.mark.parametrize(
    ("kind", "why"),
    [(Python, "did not do what"), (Replaced, "in place of writing"), (Asking, NOT_PERMITTED), (Drawing, NOT_PERMITTED)],
)
def test_a_wrong_recording_never_trains(kind, why):
    random.seed(3)
    expected, _ = outcomes(kind(), None)
    random.seed(3)
    twin = Twin()
    losses, news = outcomes(kind(), twin)
    assert news is not None and why in news.why and twin.played <= len(CHECKS)
    if kind is not Python:  # whose trials draw too
        assert torch.equal(losses, expected)


def test_a_learning_rate_that_is_recorded_as_a_number_is_noticed(monkeypatch):
    network, twin = Linear(), Twin()
    step, optimizer = stepper(network, twin)
    record = twin.record

    def with_numbers(call):
        rates = [group["lr"] for group in optimizer.param_groups]
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = float(rate)
        play = record(call)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        return play

    monkeypatch.setattr(twin, "record", with_numbers)
    for batch in batches(COMPUTED + 3):
        step(batch, 1)
    assert "did not do what" in step.news().why and twin.played == 2, "the second check has another learning rate"


def test_an_input_that_is_replaced_is_noticed(monkeypatch):
    network, twin = Linear(), Twin()
    step, _ = stepper(network, twin)
    record = twin.record
    aside = {}

    def from_elsewhere(call):
        aside["make"], step._make = (
            step._make,
            lambda *batch: (batch[0].clone().detach() * 0 + aside["first"], batch[1], None),
        )
        try:
            return record(call)
        finally:
            step._make = aside["make"]

    aside["first"] = next(iter(batches(1)))[0]
    monkeypatch.setattr(twin, "record", from_elsewhere)
    for batch in batches(COMPUTED + 3):
        step(batch, 1)
    assert "did not do what" in step.news().why and twin.played == 1


def test_a_network_that_someone_looks_into_is_not_recorded():
    network, seen = Linear(), []
    network.register_forward_hook(lambda *_: seen.append(1))
    _, news = outcomes(network, Twin(), 12)
    assert "looks into" in news.why and len(seen) == 12


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


def test_a_recording_gives_its_memory_back_where_another_step_needs_it():
    class Short(Linear):
        short = False

        def forward(self, inputs):
            if self.short and len(inputs) < 8:
                Short.short = False
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(inputs)

    network, twin = Short(), Twin()
    step, optimizer = stepper(network, twin)
    for batch in batches(COMPUTED + 3):
        step(batch, 1)
    assert step.news() is None
    Short.short = True
    step((torch.randn(4, 3), torch.zeros(4, dtype=torch.long)), 1)
    assert "no memory" in step.news().why and isinstance(optimizer.param_groups[0]["lr"], float)


def test_only_whole_batches_are_compiled(monkeypatch):
    """Each other size, and each mode of the network, would be compiled anew."""
    seen = []

    def compiled(network):
        def call(inputs):
            seen.append((len(inputs), network.training))
            return network(inputs)

        return call

    monkeypatch.setattr(torch, "compile", compiled)
    config = quick_config(epochs=2, batch_size=80, training={"compile": True})
    compiling = trained(config, monkeypatch, None, 25)
    assert len(seen) > 10 and set(seen) == {(80, True)}, "an epoch's last batch is smaller"
    assert_the_same(trained(quick_config(epochs=2, batch_size=80), monkeypatch, None, 25), compiling)
