"""Gradients of a batch whole or in micro-batches, and what happens when memory is short."""

import pytest
import torch
from torch import nn

from core.errors import TrainDeskError
from core.training.build import begin, setup_of
from core.training.gradients import MicroBatchesChanged, add_gradients, more_micro_batches
from core.training.loop import Step, train
from core.training.losses import LOSSES
from core.training.precision import mixed
from tests.core.tight import Limit
from tests.core.training.trained import CPU, epochs, few, losses, run, splits_of
from tests.helpers import assert_one_sentence, quick_config

WHOLE = mixed(torch.float32, CPU)
CPU_IS_FULL = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 400000000000000 bytes."


def gradients(network, *arguments):
    network.zero_grad()
    loss, logits = add_gradients(network, *arguments)
    return loss, logits, [weights.grad.clone() for weights in network.parameters()]


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("micro_batches", [2, 3, 8, 100])
@pytest.mark.parametrize("mixed_up", [False, True], ids=["plain", "mixed"])
def test_micro_batches_add_up_to_the_whole(loss, micro_batches, mixed_up):
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4))
    inputs, labels, others = torch.randn(11, 6), torch.randint(4, (11,)), torch.randint(4, (11,))
    mix = (others, 0.7) if mixed_up else None
    measure = LOSSES.parse({"name": loss, "label_smoothing": 0.1})
    expected = gradients(network, measure, inputs, labels, mix, 1, WHOLE)
    found = gradients(network, measure, inputs, labels, mix, micro_batches, WHOLE)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    assert not found[0].requires_grad and not found[1].requires_grad
    assert found[1].shape == (11, 4)


def test_mixed_labels_count_in_their_shares():
    network, measure = nn.Linear(3, 4), LOSSES.parse("cross_entropy")
    inputs, labels, others = torch.randn(5, 3), torch.randint(4, (5,)), torch.randint(4, (5,))
    loss, logits, _ = gradients(network, measure, inputs, labels, (others, 0.8), 1, WHOLE)
    expected = 0.8 * measure.measure(logits, labels) + 0.2 * measure.measure(logits, others)
    torch.testing.assert_close(loss, expected)


def test_pieces_double_until_they_would_be_too_small():
    assert more_micro_batches(1, 64, 1, CPU) == 2
    assert more_micro_batches(32, 64, 1, CPU) == 64
    assert more_micro_batches(16, 64, 2, CPU) == 32
    for micro_batches, batch, smallest, words in [(64, 64, 1, "1 image at a time"), (32, 64, 2, "2 images at a time")]:
        with pytest.raises(TrainDeskError) as caught:
            more_micro_batches(micro_batches, batch, smallest, CPU)
        assert_one_sentence(str(caught.value), "not enough memory", words, "choose a smaller network")


@pytest.fixture(scope="module")
def data():
    return few(quick_config().dataset.load(None))


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("out of memory"), RuntimeError(CPU_IS_FULL), MemoryError()])
@pytest.mark.parametrize("parts", [{}, {"augmentation": {"shift": 0.1, "mixup": 0.3}}], ids=["plain", "augmented"])
def test_a_batch_that_does_not_fit_is_trained_in_pieces_with_the_same_result(error, parts, tight, data, monkeypatch):
    monkeypatch.setattr(Limit, "error", error)
    settings = {"epochs": 2, "batch_size": 64, "training": {"validation_share": 0.1, "gradient_clip": 1.0}, **parts}
    expected, happened, _ = run(quick_config(**settings, **tight(1000)), data)
    state, again, _ = run(quick_config(**settings, **tight(20)), data)
    assert [h.micro_batches for h in again if isinstance(h, MicroBatchesChanged)] == [2, 4], "and once is enough"
    assert isinstance(again[0], MicroBatchesChanged) and state.micro_batches == 4
    assert losses(again) == pytest.approx(losses(happened), rel=1e-4)
    for one, other in zip(state.model.parameters(), expected.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    for one, other in zip(epochs(again), epochs(happened), strict=True):
        assert one.metrics == pytest.approx(other.metrics, rel=1e-3)


def test_a_network_too_large_for_one_image_is_one_sentence(tight, data):
    config = quick_config(**tight(0), batch_size=16, training={"validation_share": 0.1})
    with pytest.raises(TrainDeskError) as caught:
        run(config, data)
    assert_one_sentence(str(caught.value), "even with 1 image at a time")


def test_batch_norm_never_gets_single_images(tight, data):
    config = quick_config(**tight(3, batch_norm=True), batch_size=20, training={"validation_share": 0.1})
    with pytest.raises(TrainDeskError) as caught:
        run(quick_config(**tight(1, batch_norm=True), batch_size=16, training={"validation_share": 0.1}), data)
    assert_one_sentence(str(caught.value), "even with 2 images at a time")
    assert len(splits_of(config, data).train) % 20 == 12, "the last batch is smaller"
    state, happened, _ = run(config, data)
    assert state.micro_batches == 8 and state.epoch == 1


def test_other_errors_are_not_taken_for_short_memory(tight, data, monkeypatch):
    monkeypatch.setattr(Limit, "error", RuntimeError("something else"))
    config = quick_config(**tight(5), training={"validation_share": 0.1})
    splits = splits_of(config, data)
    with pytest.raises(RuntimeError, match="something else"):
        list(train(begin(config, splits, CPU, None), setup_of(config), splits))


def test_what_a_failed_try_left_behind_is_thrown_away(tight, data):
    """The gradients of the first micro-batches of a batch whose later ones did not fit must not count twice."""

    class Second(Limit):
        calls = 0

        def forward(self, inputs):
            Second.calls += self.training
            if self.training and Second.calls == 4:
                raise torch.OutOfMemoryError
            return inputs

    config = quick_config(**tight(1000), training={"validation_share": 0.1}, batch_size=64)
    splits = splits_of(config, data)
    states = [begin(config, splits, CPU, None) for _ in range(2)]
    states[0].micro_batches = states[1].micro_batches = 2
    states[1].model[1] = Second(0)
    results = [list(train(state, setup_of(config), splits)) for state in states]
    assert [h.micro_batches for h in results[1] if isinstance(h, MicroBatchesChanged)] == [4]
    assert isinstance(results[1][1], MicroBatchesChanged) and isinstance(results[1][0], Step)
    assert losses(results[1]) == pytest.approx(losses(results[0]), rel=1e-4)
