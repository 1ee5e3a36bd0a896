"""Which layers are skipped, and that a training without them is the training with them."""

import pytest
import torch
from torch import nn

from core.architectures import ARCHITECTURES, ArchitectureSettings
from core.training import frozen as module
from core.training.build import begin, setup_of
from core.training.evaluation import drained
from core.training.features import Preparing
from core.training.frozen import layers_to_skip, trainable_part
from core.training.loop import Epoch, Step, train
from tests.core.training.trained import CPU, few, plain, splits_of
from tests.helpers import quick_config


class HalfFrozen(ArchitectureSettings):
    """Two layers, the first frozen; the second one of torch's own."""

    label = "half frozen"
    name: str = "half_frozen"

    def build(self, shape, classes):
        first = nn.Sequential(nn.Conv2d(shape[0], 8, 3, padding=1), nn.ReLU(), nn.Flatten())
        return nn.Sequential(first.requires_grad_(False), nn.Linear(8 * shape[1] * shape[2], classes))


RESNET = {"name": "resnet18", "weights": "random", "train": "head"}


@pytest.fixture
def half_frozen(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES._classes, "half_frozen", HalfFrozen)
    return {"architecture": {"name": "half_frozen"}, "epochs": 3, "training": {"validation_share": 0.1}}


@pytest.fixture(scope="module")
def data():
    return few(quick_config().dataset.load(None))


def trained(config, data):
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    return state, list(train(state, setup_of(config), splits))


@pytest.mark.parametrize("average", [0.0, 0.9], ids=["plain", "average"])
@pytest.mark.parametrize("flip", [False, True], ids=["as they are", "mirrored"])
def test_training_on_features_is_training_on_pictures(average, flip, half_frozen, data, monkeypatch):
    half_frozen["training"]["average_decay"] = average
    config = quick_config(**half_frozen, augmentation={"flip": flip})
    state, happened = trained(config, data)
    assert isinstance(happened[0], Preparing)
    monkeypatch.setattr(module, "free_bytes", lambda device: 0)
    whole, again = trained(config, data)
    assert not any(isinstance(h, Preparing) for h in again), "without memory for them there are no features"
    epochs, expected = ([h.metrics for h in some if isinstance(h, Epoch)] for some in (happened, again))
    if not flip:  # which pictures are mirrored is drawn another way
        for name, weights in whole.eval_model.state_dict().items():
            torch.testing.assert_close(state.eval_model.state_dict()[name], weights, rtol=1e-4, atol=1e-5)
        for one, other in zip(epochs, expected, strict=True):
            assert one == pytest.approx(other, rel=1e-4)
    assert epochs[-1]["val/loss"] == pytest.approx(expected[-1]["val/loss"], rel=0.05)


def test_what_is_validated_is_the_average(half_frozen, data):
    half_frozen["training"]["average_decay"] = 0.99
    config = quick_config(**half_frozen, optimizer={"name": "sgd", "learning_rate": 0.1})
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    (last,) = [h for h in train(state, setup_of(config), splits) if isinstance(h, Epoch) and h.epoch == 3]
    inputs, labels = splits.val.slice(0, len(splits.val))
    with torch.inference_mode():
        loss = config.loss.measure(state.average.model.eval()(inputs), labels).item()
        other = config.loss.measure(state.model.eval()(inputs), labels).item()
    assert last.metrics["val/loss"] == pytest.approx(loss, rel=1e-5)
    assert last.metrics["val/loss"] != pytest.approx(other, rel=1e-3)


def test_all_images_are_prepared_and_told(half_frozen, data):
    config = quick_config(**half_frozen)
    splits = splits_of(config, data)
    _, happened = trained(config, data)
    told = [h for h in happened if isinstance(h, Preparing)]
    images = len(splits.train) + len(splits.val)
    assert told[-1] == Preparing(images, images)
    assert [h.done for h in told] == sorted({h.done for h in told}) and {h.images for h in told} == {images}


def test_frozen_weights_do_not_move_and_the_others_do(half_frozen, data):
    config = quick_config(**half_frozen)
    before = plain(dict(begin(config, splits_of(config, data), CPU, None).model.state_dict()))
    state, _ = trained(config, data)
    after = plain(dict(state.model.state_dict()))
    assert {name for name in after if after[name] != before[name]} == {"1.weight", "1.bias"}


@pytest.mark.parametrize(
    ("augmentation", "skipped"),
    [({}, True), ({"flip": True}, True), ({"shift": 0.1}, False), ({"flip": True, "crop": 2}, False), ({"mixup": 0.2}, False)],
    ids=str,
)  # fmt: skip
def test_pictures_that_change_in_every_epoch_pass_all_layers(augmentation, skipped, half_frozen, data):
    config = quick_config(**half_frozen, augmentation=augmentation)
    state = begin(config, splits_of(config, data), CPU, None)
    assert (
        layers_to_skip(state.model, config.augmentation, splits_of(config, data), torch.float32) is not None
    ) == skipped


def test_a_network_without_frozen_layers_is_left_whole(data):
    config = quick_config()
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    part = drained(trainable_part(state.model, None, config.augmentation, 250, splits, torch.float32))
    assert part.network is state.model is part.eval_model
    assert part.train is splits.train and part.val is splits.val and not part.on_features


def test_a_resnet_trains_its_head_on_features_of_its_body(data):
    config = quick_config(architecture=RESNET, training={"validation_share": 0.1, "average_decay": 0.5})
    splits = splits_of(config, few(data, 60))
    state = begin(config, splits, CPU, None)
    part = drained(trainable_part(state.model, state.average, config.augmentation, 250, splits, torch.float32))
    assert part.on_features and part.train.shape == (512,)
    assert [type(layer).__name__ for layer in part.network] == ["Head"]
    assert list(part.eval_model) == [state.average.model.head]
    assert sum(isinstance(h, Step) for h in train(state, setup_of(config), splits)) == 1
