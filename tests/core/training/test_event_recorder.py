"""What is written down while a network trains."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.analysis.coach_curves import EXPLODED
from core.errors import TrainDeskError
from core.training import event_recorder as module
from core.training.batches import split
from core.training.build import begin, setup_of
from core.training.event_recorder import Recorder
from core.training.loop import Epoch, Step, Validated, train
from core.training.running_metrics import RunningMetrics
from tests.core.training.trained import few, splits_of
from tests.helpers import assert_one_sentence, quick_config

CPU = torch.device("cpu")

NOTHING = np.zeros((0, 0))


def make(monkeypatch, points=1000, at=(0, 0, 0.001), **settings):
    monkeypatch.setattr(module, "POINTS", points)
    config = quick_config(**settings)
    data = config.dataset.load(None)
    splits = split(data, config.dataset, 0.1, 0, CPU)
    state = begin(config, splits, CPU, None)
    recorded = []
    state.step, state.epoch, state.learning_rate = at
    state.scheduled = state.learning_rate
    recorder = Recorder(
        config.training, splits, state, lambda kind, **values: recorded.append({"event": kind, **values})
    )
    assert not recorded, "nothing is written before the run is said to start"
    recorder.started(config.dataset.info().class_names, 3, goes_on=at[0] > 0)
    return recorder, recorded


def step(number, loss):
    return Step(1, number, 64, torch.tensor(loss))


def test_the_start_says_what_will_be_trained_on_what(monkeypatch):
    recorder, (started,) = make(monkeypatch, epochs=3, batch_size=100)  # a tenth of each class is held out
    assert started["event"] == "started"
    assert (started["train_images"], started["val_images"], started["test_images"]) == (1295, 142, 360)
    assert (started["steps_per_epoch"], started["total_steps"], started["epochs"]) == (13, 39, 3)
    assert started["parameters"] == 64 * 16 + 16 + 16 * 10 + 10
    assert started["class_names"] == list("0123456789")
    assert (started["device"], started["device_name"]) == ("cpu", "cpu")
    assert (started["precision"], started["threads"]) == ("float32", 3)
    assert "step" not in started
    assert recorder.total_steps == 39 and recorder.steps_per_epoch == 13


def test_a_run_that_goes_on_says_from_where(monkeypatch):
    _, (resumed,) = make(monkeypatch, epochs=3, at=(20, 1, 0.001))
    assert (resumed["event"], resumed["step"], resumed["epoch"]) == ("resumed", 20, 1)
    assert (resumed["total_steps"], resumed["epochs"]) == (60, 3), "which may have grown"


def test_a_step_carries_the_learning_rate_it_took(monkeypatch):
    config = quick_config(optimizer={"name": "sgd", "learning_rate": 0.5})
    splits = splits_of(config, few(config.dataset.load(None), 80))
    state, recorded = begin(config, splits, CPU, None), []
    recorder = Recorder(config.training, splits, state, lambda kind, **values: recorded.append(values))
    state.optimizer.param_groups[0]["lr_scale"] = 0.02
    recorder.step(next(each for each in train(state, setup_of(config), splits) if isinstance(each, Step)))
    recorder.flush()
    assert recorded[-1]["learning_rate"] == 0.5, "of layers that train at the full rate"
    assert state.optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


def test_what_was_prepared_before_is_no_slow_training(monkeypatch):
    recorder, recorded = make(monkeypatch)
    clock = SimpleNamespace(now=module.time.perf_counter() + 1000)
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock.now)
    recorder.begin_steps()
    clock.now += 2
    recorder.step(step(1, 1.0))
    recorder.epoch(Epoch(1, 1, {}, True, NOTHING, NOTHING))
    assert recorded[1]["images_per_second"] == 32.0
    assert recorded[2]["seconds"] == 2.0


def test_an_epoch_whose_network_gives_no_numbers_fails(monkeypatch):
    recorder, _ = make(monkeypatch)
    recorder.check(Epoch(1, 20, {"val/loss": 0.5}, True, NOTHING, NOTHING), True)
    with pytest.raises(TrainDeskError) as caught:
        recorder.check(Epoch(1, 20, {"val/loss": math.nan}, False, NOTHING, NOTHING), True)
    assert_one_sentence(str(caught.value), "NaN at step 20", "try 0.0001 or less")
    with pytest.raises(TrainDeskError) as caught:
        recorder.check(Epoch(1, 20, {"val/loss": 0.5}, False, NOTHING, NOTHING), False)
    assert_one_sentence(str(caught.value), "A weight became infinite at step 20")
    assert str(caught.value).startswith(EXPLODED), "the coach knows it"


def test_losses_are_recorded_as_means_of_neighbours(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_SILENCE", math.inf)
    monkeypatch.setattr(module, "SHORTEST_SILENCE", -1)
    recorder, recorded = make(monkeypatch, points=6, batch_size=64)  # 20 steps: every third
    for number in range(1, 9):
        recorder.step(step(number, float(number)))
    assert [(event["step"], event["train/loss"]) for event in recorded[1:]] == [(1, 1.0), (4, 3.0), (7, 6.0)]
    recorder.flush()
    recorder.flush()
    assert [(event["step"], event["train/loss"]) for event in recorded[4:]] == [(8, 8.0)]
    assert all(event["images_per_second"] > 0 and event["learning_rate"] == 0.001 for event in recorded[1:])


def test_slow_steps_are_recorded_one_by_one(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_SILENCE", -1)
    recorder, recorded = make(monkeypatch, points=1)
    recorder.step(step(1, 1.0))
    recorder.step(step(2, 2.0))
    assert [event["step"] for event in recorded[1:]] == [1, 2]


def test_a_slow_run_records_at_most_so_many_points(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_SILENCE", -1)
    monkeypatch.setattr(module, "MOST", 5)
    recorder, recorded = make(monkeypatch, points=1, batch_size=64)  # 20 steps
    for number in range(1, 20):
        recorder.step(step(number, 1.0))
    assert [event["step"] for event in recorded[1:]] == [1, 5, 9, 13, 17]


def test_fast_steps_are_gathered_and_none_is_lost(monkeypatch):
    monkeypatch.setattr(module, "SHORTEST_SILENCE", math.inf)
    recorder, recorded = make(monkeypatch)
    for number in range(1, 6):
        recorder.step(step(number, float(number)))
    assert [event["step"] for event in recorded[1:]] == [1], "the first at once: a chart without a point says nothing"
    recorder.flush()
    assert [(event["step"], event["train/loss"]) for event in recorded[2:]] == [(5, 3.5)]


def test_the_running_accuracy_is_that_of_the_images_since_the_last_record(monkeypatch):
    monkeypatch.setattr(module, "SHORTEST_SILENCE", math.inf)
    recorder, recorded = make(monkeypatch)
    state = recorder._state

    def read(number, right, images=4):
        labels = torch.arange(images)
        answers = torch.where(labels < right, labels, labels + 1)
        state.running_metrics.add(torch.eye(images + 1)[answers], labels, torch.tensor(1.0))
        state.batch = (number - 1) % 20 + 1
        recorder.step(step(number, 1.0))

    for number, right in [(1, 1), (2, 4), (3, 2)]:
        read(number, right)
    recorder.flush()
    assert [event["train/accuracy"] for event in recorded[1:]] == [0.25, 0.75]
    read(20, 3)
    assert recorded[-1]["train/accuracy"] == 0.75, (
        "the last step of an epoch, whose running metrics end, is recorded at once"
    )
    state.running_metrics, state.batch = RunningMetrics(), 0
    recorder.epoch(Epoch(1, 20, {}, True, NOTHING, NOTHING))
    read(21, 1)
    recorder.flush()
    assert recorded[-1]["train/accuracy"] == 0.25
    recorder._losses.append(torch.tensor(1.0))
    recorder.flush()
    assert "train/accuracy" not in recorded[-1], "of no images there is none"


def test_a_run_that_goes_on_counts_what_it_reads_from_then_on(monkeypatch):
    counted = RunningMetrics()
    counted.add(torch.eye(4), torch.arange(4), torch.tensor(1.0))
    config = quick_config()
    splits = split(config.dataset.load(None), config.dataset, 0.1, 0, CPU)
    state = begin(config, splits, CPU, None)
    state.running_metrics, state.step, state.batch, recorded = counted, 5, 5, []
    recorder = Recorder(config.training, splits, state, lambda kind, **values: recorded.append(values))
    state.running_metrics.add(torch.eye(4), torch.tensor([0, 0, 0, 0]), torch.tensor(1.0))
    recorder.step(step(6, 1.0))
    assert recorded[-1]["train/accuracy"] == 0.25


def test_a_validation_within_an_epoch_does_not_count_as_slow_training(monkeypatch):
    recorder, recorded = make(monkeypatch)
    clock = SimpleNamespace(now=module.time.perf_counter())
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock.now)
    recorder.begin_steps()
    clock.now += 2 + 3
    recorder.validated(Validated(1, 1, {"val/loss": 0.5, "val/accuracy": 0.75}, 142, 3.0))
    assert recorded[-1] == {
        "event": "validation", "epoch": 1, "step": 1, "val/loss": 0.5, "val/accuracy": 0.75, "images": 142, "seconds": 3.0,
    }  # fmt: skip
    recorder.step(step(2, 1.0))
    assert recorded[-1]["images_per_second"] == 32.0


@pytest.mark.parametrize(("value", "word"), [(math.nan, "NaN"), (math.inf, "infinite"), (-math.inf, "infinite")])
def test_a_loss_that_is_no_number_names_its_step_and_the_remedy(value, word, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_SILENCE", math.inf)
    monkeypatch.setattr(module, "SHORTEST_SILENCE", math.inf)
    recorder, recorded = make(monkeypatch, points=1, at=(0, 0, 2.0))
    for number, loss in [(1, 1.0), (2, 1.0), (3, value), (4, math.nan)]:
        recorder.step(step(number, loss))
    with pytest.raises(TrainDeskError) as caught:
        recorder.flush()
    assert_one_sentence(str(caught.value), word, "at step 3", "learning rate 2", "try 0.2 or less")
    assert [event["step"] for event in recorded[1:]] == [1]


def test_an_epoch_carries_its_metrics_and_time(monkeypatch):
    recorder, recorded = make(monkeypatch)
    clock = SimpleNamespace(now=module.time.perf_counter())
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock.now)
    for number in (1, 2):
        clock.now += 2.5
        recorder.epoch(Epoch(number, number * 10, {"val/accuracy": 0.5}, number == 1, NOTHING, NOTHING))
    assert [event["epoch"] for event in recorded[1:]] == [1, 2]
    assert [event["best"] for event in recorded[1:]] == [True, False]
    assert recorded[2]["seconds"] == 2.5
    assert recorded[2]["val/accuracy"] == 0.5 and recorded[2]["step"] == 20
