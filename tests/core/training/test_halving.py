"""Batches without gradients are halved until they fit: validation, the test, features, with the same results."""

import gc
import weakref
from dataclasses import replace

import pytest
import torch
from torch import nn

from core.machine.memory import OutOfMemory
from core.training import frozen, halving, loop
from core.training.augmentation import Augmentation
from core.training.batches import pictures
from core.training.evaluation import Measuring, drained, evaluate
from core.training.features import compute_features
from core.training.frozen import TooManyFeatures
from core.training.halving import FewerAtOnce, Fit, all_in_halves, halved, in_halves, within
from core.training.losses import LOSSES
from core.training.precision import mixed
from tests.core.short import EACH_KIND, WORDINGS, Roomy
from tests.core.training.trained import CPU, epochs, few, losses, run
from tests.helpers import assert_one_sentence, quick_config

LOSS = LOSSES.parse("cross_entropy")
FULL = mixed(torch.float32, CPU)


@pytest.fixture(scope="module")
def split():
    data = quick_config().dataset.load(None)
    return pictures(data.train_images[:70], data.train_labels[:70], quick_config().dataset, CPU)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10)).eval()


@EACH_KIND
@pytest.mark.parametrize("streams", [False, True], ids=["in memory", "streamed"])
def test_an_evaluation_that_does_not_fit_measures_the_same(error, streams, split, network):
    split = replace(split, streams=streams)
    kept, again, told, fit = [], [], [], Fit()
    whole = drained(evaluate(network, split, LOSS, 64, kept=kept))
    tight = Roomy(network, 10, error)
    found = drained(evaluate(tight, split, LOSS, 64, kept=again, fit=fit), told.append)
    assert found.loss == pytest.approx(whole.loss, rel=1e-6) and (found.confusion == whole.confusion).all()
    torch.testing.assert_close(torch.cat(again), torch.cat(kept))
    assert tight.asked[:4] == [64, 32, 16, 8] and max(tight.asked[3:]) == 8, "what fitted is remembered"
    assert [each for each in told if isinstance(each, FewerAtOnce)] == [FewerAtOnce(8)], "and said once"
    assert told[-1] == Measuring(70, 70)
    tight.asked.clear()
    told.clear()
    drained(evaluate(tight, split, LOSS, 64, fit=fit), told.append)
    assert max(tight.asked) == 8 and not any(isinstance(each, FewerAtOnce) for each in told)


def test_one_picture_too_many_is_one_sentence(split, network):
    with pytest.raises(OutOfMemory) as caught:
        drained(evaluate(Roomy(network, 0, MemoryError()), split, LOSS, 64))
    assert_one_sentence(str(caught.value), "even with 1 image at a time", "choose a smaller network")


def test_other_errors_are_not_halved(split, network):
    tight = Roomy(network, 0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        drained(evaluate(tight, split, LOSS, 64))
    assert tight.asked == [64]


@EACH_KIND
@pytest.mark.parametrize("mirrored", [False, True])
def test_features_that_are_computed_in_halves_are_the_same(error, mirrored, split, network):
    front = network[:3]
    whole = drained(compute_features(front, split, 32, FULL, mirrored=mirrored))
    found = drained(compute_features(Roomy(front, 9, error), split, 32, FULL, mirrored=mirrored))
    torch.testing.assert_close(found.rows, whole.rows)
    assert found.shape == whole.shape and torch.equal(found.labels, whole.labels)


def test_before_another_try_nothing_of_the_failed_one_is_left(split, network, monkeypatch):
    """Not by the error's traceback either, without a look of the garbage collector."""
    seen, released = [], []

    class Watched(Roomy):
        def forward(self, inputs):
            assert not [each for each in seen if each() is not None]
            computed = inputs * 2  # what a graph would hold
            seen.append(weakref.ref(computed))
            if len(computed) > 20:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self.within(computed)

    monkeypatch.setattr(halving, "release", lambda device: released.append(len(seen)))
    gc.disable()
    try:
        drained(evaluate(Watched(network, 20, None), split, LOSS, 64))
    finally:
        gc.enable()
    assert released == [1, 2], "before each of the other tries"


def test_work_on_plain_numbers():
    fit, asked = Fit(), []

    def total(start, end):
        asked.append(end - start)
        if end - start > 3:
            raise MemoryError
        return sum(range(start, end))

    found = all_in_halves(20, 8, total, fit, CPU)
    assert sum(found) == sum(range(20)) and asked[:3] == [8, 4, 2] and fit.most == 2
    assert all_in_halves(0, 8, total, fit, CPU) == []
    assert halved(64, lambda number: total(0, number), CPU) == 1
    with pytest.raises(OutOfMemory):
        halved(64, lambda number: total(0, 9), CPU)


def test_a_closed_pass_closes_what_it_reads():
    closed = []

    def batches(bounds):
        try:
            yield from bounds
        finally:
            closed.append(True)

    reading = in_halves([(0, 1), (1, 2)], batches, lambda batch: batch, Fit(), CPU)
    next(reading)
    reading.close()
    assert closed == [True]


def test_each_item_is_made_within_its_context():
    opened = []

    class Around:
        def __enter__(self):
            opened.append("in")

        def __exit__(self, *_):
            opened.append("out")

    for item in within(Around, iter("ab")):
        opened.append(item)
    assert opened == ["in", "out", "a", "in", "out", "b", "in", "out"]


SETTINGS = {
    "epochs": 2,
    "batch_size": 32,
    "architecture": {"name": "simple_cnn", "channels": [4], "hidden": [8]},
    "training": {"validation_share": 0.3, "validate_every": "3"},
}


@pytest.mark.parametrize("error", [WORDINGS["CUDA"], WORDINGS["Windows"]])
def test_a_training_whose_validation_does_not_fit_learns_the_same(error):
    data = few(quick_config().dataset.load(None), 200)
    config = quick_config(**SETTINGS)
    expected = run(config, data)[1]

    def tighten(state):
        def look(module, inputs):
            if not module.training and len(inputs[0]) > 7:
                raise error

        state.model.register_forward_pre_hook(look)

    happened = run(config, data, prepare=tighten)[1]
    assert [each.images for each in happened if isinstance(each, FewerAtOnce)] == [4], "said once in the whole run"
    assert losses(happened) == losses(expected), "the training is what it was"
    for one, other in zip(epochs(happened), epochs(expected), strict=True):
        assert one.metrics == pytest.approx(other.metrics, rel=1e-5) and (one.confusion == other.confusion).all()
        assert one.probe.shape == other.probe.shape


@pytest.mark.parametrize("error", [WORDINGS["CUDA"], WORDINGS["numpy"]])
@pytest.mark.parametrize("place", ["batches", "augmentation", "drawing"])
def test_a_batch_that_has_no_room_before_the_network_sees_it_names_half_of_it(error, place, monkeypatch):
    def short(*_, **__):
        raise error

    if place == "batches":
        monkeypatch.setattr(loop.Pictures, "picked", short)
    else:
        monkeypatch.setattr(Augmentation, {"augmentation": "carry_out", "drawing": "draw"}[place], short)
    config = quick_config(**SETTINGS, augmentation={"shift": 0.1, "mixup": 0.2})
    with pytest.raises(OutOfMemory) as caught:
        run(config, few(config.dataset.load(None), 100))
    assert_one_sentence(str(caught.value), "batch of 32 images", "such as 16")
    assert caught.value.remedy == {"training.batch_size": 16}


def test_where_all_features_together_have_no_room_pictures_pass_the_frozen_layers_each_time(monkeypatch):
    def short(*_, **__):
        raise WORDINGS["CUDA"]
        yield

    config = quick_config(epochs=1, batch_size=16, architecture=FROZEN, optimizer="sgd")
    data = few(config.dataset.load(None), 60)
    expected = run(config, data)[1]
    monkeypatch.setattr(frozen, "compute_features", short)
    happened = run(config, data)[1]
    assert isinstance(happened[0], TooManyFeatures)
    assert losses(happened) == pytest.approx(losses(expected), rel=1e-3)


FROZEN = {"name": "mobilenet_v3_small", "train": "head", "weights": "random", "enlarge_to": 64}
