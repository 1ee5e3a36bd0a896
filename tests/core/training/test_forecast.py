"""What a training will take, from a few of its own steps."""

import math
from types import SimpleNamespace

import pytest
import torch

from core.errors import TrainDeskError
from core.training import forecast as module
from core.training import frozen
from core.training.build import begin
from core.training.forecast import FEATURE_BATCHES, WARM_UP_STEPS, forecast, step_on_several
from core.training.sampling import batch_bounds, least_batch
from tests.core.training.trained import CPU, splits_of
from tests.helpers import assert_one_sentence, quick_config


@pytest.fixture(scope="module")
def data():
    return quick_config().dataset.load(None)


@pytest.fixture(autouse=True)
def _given(data, monkeypatch, tmp_path):
    """The digits, no other run on this computer, and a clock by which everything that happens takes a second."""
    from core.machine import cores

    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("core.training.data.open_images", lambda *_: data)
    now = iter(range(10**9))
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: float(next(now))))
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_it_says_what_will_be_trained(tmp_path):
    found = forecast(quick_config(epochs=7), tmp_path)
    assert (found.device, found.precision, found.threads, found.epochs) == ("cpu", "float32", 1, 7)
    assert found.parameters == found.trainable == 64 * 16 + 16 + 16 * 10 + 10
    assert found.memory_bytes > 10_000_000
    assert found.seconds_before == 0
    assert found.seconds == found.seconds_per_epoch * 7


@pytest.mark.parametrize(("batch_size", "evaluation", "seconds"), [(64, 250, 1.5), (100, 50, 1.5), (500, 1000, 40)])
def test_seconds_of_an_epoch_are_those_of_its_steps_and_its_validation(batch_size, evaluation, seconds, data, tmp_path):
    training = {"evaluation_batch_size": evaluation, "validate_every": "epoch"}
    config = quick_config(epochs=3, batch_size=batch_size, training=training)
    splits = splits_of(config, data)
    steps = len(batch_bounds(len(splits.train), batch_size, least_batch(batch_size)))
    tried = min(
        max(WARM_UP_STEPS, round(seconds)) * batch_size, len(splits.val)
    )  # validation images that were measured
    seconds_of_an_image = math.ceil(tried / evaluation) / tried
    found = forecast(config, tmp_path, seconds)
    assert found.seconds_per_epoch == pytest.approx(steps * 1.0 + seconds_of_an_image * len(splits.val))


def test_validation_within_an_epoch_takes_its_time_too(data, tmp_path):
    def seconds(every):
        return forecast(quick_config(training={"validate_every": every}), tmp_path, 1.5).seconds_per_epoch

    whole = seconds("epoch")
    steps = len(batch_bounds(len(splits_of(quick_config(), data).train), 64, least_batch(64)))
    assert seconds(5) - whole == pytest.approx((whole - steps) * ((steps - 1) // 5))


def test_slow_motion_is_the_least_an_epoch_takes(tmp_path):
    assert forecast(quick_config(training={"epoch_seconds": 600}), tmp_path).seconds_per_epoch == 600


@pytest.mark.parametrize("seconds", [0, 3, 40])
def test_it_trains_about_as_long_as_it_may(seconds, monkeypatch, tmp_path):
    steps, train = [], module.train

    def counted(*arguments):
        for happened in train(*arguments):
            if isinstance(happened, module.Step):
                steps.append(happened.images)
            yield happened

    monkeypatch.setattr(module, "train", counted)
    forecast(quick_config(batch_size=20), tmp_path, seconds=seconds)
    assert len(steps) == WARM_UP_STEPS + max(WARM_UP_STEPS, seconds), "the clock gives every step a second"


def test_patience_and_a_schedule_do_not_end_it_early(tmp_path):
    config = quick_config(epochs=2, training={"patience": 1}, schedule="one_cycle")
    assert forecast(config, tmp_path, seconds=50).seconds_per_epoch > 0


def test_frozen_layers_are_measured_on_few_images_and_told_for_all(data, monkeypatch, tmp_path):
    passed, compute = [], frozen.compute_features

    def counted(part, pictures, *rest, **how):
        passed.append(len(pictures))
        return compute(part, pictures, *rest, **how)

    monkeypatch.setattr(frozen, "compute_features", counted)
    config = quick_config(
        architecture={"name": "resnet18", "weights": "random", "train": "head"},
        batch_size=10,
        training={"evaluation_batch_size": 10},
    )
    found = forecast(config, tmp_path, seconds=100)
    assert max(passed) == passed[-1] == passed[-2] == FEATURE_BATCHES * 10
    splits = splits_of(config, data)
    images = len(splits.train) + len(splits.val)
    assert found.seconds_before == pytest.approx(images / 10), "each batch of ten took a second"
    assert found.trainable == 512 * 10 + 10 and found.parameters == 11_176_512 + found.trainable


def test_it_leaves_the_data_and_the_config_alone(data, tmp_path):
    config = quick_config()
    before = config.to_dict(), data.train_images.sum().item()
    forecast(config, tmp_path)
    assert (config.to_dict(), data.train_images.sum().item()) == before
    assert begin(config, splits_of(config, data), CPU, None).step == 0


def test_what_training_would_refuse_is_refused(tmp_path):
    with pytest.raises(TrainDeskError) as caught:
        forecast(quick_config(training={"device": "cuda:99"}), tmp_path)
    assert_one_sentence(str(caught.value), "cuda:99")


@pytest.mark.parametrize(
    ("whole", "part", "weights", "norms", "pays"),
    [
        (0.0006, 0.0005, 200_000, 0, False),  # an MLP
        (0.060, 0.031, 11_200_000, 20, True),  # ResNet18, all of it, on pictures of 224 pixels
        (0.120, 0.061, 4_000_000, 49, True),  # EfficientNet on large pictures
        (0.004, 0.0035, 11_200_000, 20, False),  # ResNet18 on pictures of 32 pixels, which leave a GPU idle
    ],
)
def test_several_gpus_pay_where_a_step_is_long_against_what_they_tell_each_other(whole, part, weights, norms, pays):
    assert (whole / step_on_several(part, weights, norms, 2) >= 1.2) == pays


def test_more_gpus_tell_each_other_more():
    assert step_on_several(0.01, 1_000_000, 0, 2) < step_on_several(0.01, 1_000_000, 0, 8)


def test_processes_that_share_a_processor_are_not_promised_to_be_faster(data_folder, monkeypatch):
    monkeypatch.setenv("TRAINDESK_CPU_DEVICES", "2")
    found = forecast(quick_config(), data_folder, seconds=0.01)
    assert (found.devices, found.times_as_fast) == (2, 1.0)


@pytest.mark.parametrize("repeatable", [False, True])
def test_a_forecast_computes_as_the_run_will(repeatable, monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr(module, "set_up", lambda *how: told.append(how))
    forecast(quick_config(training={"repeatable": repeatable}), tmp_path, 0)
    assert told == [(CPU, "auto", repeatable)]
