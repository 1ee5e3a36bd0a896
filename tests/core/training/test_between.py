"""Validation within an epoch: seen in the curves, felt by nothing else."""

import itertools
from types import SimpleNamespace

import pytest
import torch

from core.architectures import ARCHITECTURES
from core.run_config import RunConfig
from core.settings.settings import SettingsError
from core.training import between as module
from core.training.between import Between, affordable, part_of, seconds_between
from core.training.build import begin, description_of, setup_of
from core.training.checkpoints import load_checkpoint, network_content, restore, resume_content, write_checkpoint
from core.training.evaluation import Measuring
from core.training.features import Preparing
from core.training.loop import Epoch, Step, Validated, train
from tests.core.training.situations import CNN, FROZEN, SITUATIONS, config_of
from tests.core.training.trained import CPU, epochs, everything, few, losses, run, run_in_two


@pytest.fixture(autouse=True)
def random_as_before():
    before = torch.get_rng_state()
    yield
    torch.set_rng_state(before)


def with_rhythm(every, training=(), **parts):
    return config_of({**dict(training), "validate_every": every}, **parts)


def impatient(monkeypatch, dearest=module.DEAREST):
    """The clock goes a second further each time it is asked: by itself it then validates after nearly every step."""
    seconds = itertools.count()
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: float(next(seconds))))
    monkeypatch.setattr(module, "DEAREST", dearest)
    monkeypatch.setattr(module, "SHARE", 1e9)
    monkeypatch.setattr(module, "LARGEST_SHARE", 1e9)


def points(happened):
    return [h for h in happened if isinstance(h, Validated)]


def without_counts_of_pictures(state):
    return {name: value for name, value in everything(state).items() if name != "part"}


def assert_felt_by_nothing(without, with_points, happened, seen):
    assert without_counts_of_pictures(with_points) == without_counts_of_pictures(without)
    assert losses(seen) == losses(happened)
    assert [(e.epoch, e.step, e.metrics, e.is_best, e.confusion.tolist(), e.probe.tolist()) for e in epochs(seen)] == [
        (e.epoch, e.step, e.metrics, e.is_best, e.confusion.tolist(), e.probe.tolist()) for e in epochs(happened)
    ]


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_run_trains_to_the_same_weights_with_and_without(name, data, monkeypatch):
    """Batch norm's statistics, dropout's random numbers, averages, schedules, what is best and patience among them."""
    parts = {"architecture": CNN, **SITUATIONS[name]}
    without, happened, _ = run(with_rhythm("epoch", **_training(parts)), data)
    assert not points(happened)
    impatient(monkeypatch)
    for every in ("1", "auto"):
        with_points, seen, _ = run(with_rhythm(every, **_training(parts)), data)
        assert len(points(seen)) >= 2 * len(epochs(seen)), "it did validate"
        assert_felt_by_nothing(without, with_points, happened, seen)


def _training(parts):
    parts = dict(parts)
    return {"training": parts.pop("training", {}), **parts}


@pytest.mark.parametrize(
    ("name", "precision"),
    [*((name, torch.float32) for name in ARCHITECTURES.names()), ("improved_cnn", torch.bfloat16)],  # with batch norm
)
def test_every_architecture_trains_to_the_same_weights(name, precision, data, monkeypatch):
    fields = ARCHITECTURES.get(name).model_fields
    quick = {"weights": "random", "train": "head", "channels": [4], "dropout": 0.3}
    settings = {"name": name, **{field: value for field, value in quick.items() if field in fields}}
    if name == "cifar_cnn":
        settings.pop("channels", None)
    training = {"epochs": 2, "average_decay": 0.9, "batch_size": 30}
    data = few(data, 90)
    without, happened, _ = run(with_rhythm("epoch", training, architecture=settings), data, precision)
    with_points, seen, _ = run(with_rhythm("2", training, architecture=settings), data, precision)
    assert [point.step for point in points(seen)] == [2, 4]
    assert_felt_by_nothing(without, with_points, happened, seen)


def test_frozen_layers_are_passed_once_and_their_features_validated(data, monkeypatch):
    config = with_rhythm("2", {"epochs": 1}, architecture=FROZEN)
    state, seen, splits = run(config, few(data, 200))
    assert any(isinstance(h, Preparing) for h in seen)
    (point,) = points(seen)
    assert point.images == len(splits.val)
    without, happened, _ = run(with_rhythm("epoch", {"epochs": 1}, architecture=FROZEN), few(data, 200))
    assert_felt_by_nothing(without, state, happened, seen)


# an epoch of 5 steps with a point after the 2nd and 4th: 3 batches of validation each
EPOCH = [Step] * 2 + [Measuring] * 3 + [Validated] + [Step] * 2 + [Measuring] * 3 + [Validated, Step]
EPOCH += [Measuring] * 3 + [Epoch]


def test_a_training_left_anywhere_between_two_points_ends_the_same(data, tmp_path):
    without, happened, _ = run(with_rhythm("epoch"), data)
    config = with_rhythm("2")
    _, seen, _ = run(config, data)
    assert [type(h) for h in seen][: len(EPOCH)] == EPOCH
    for moment in range(1, len(EPOCH) + 3):
        state, again, _ = run_in_two(config, data, moment, tmp_path / "last.pt")
        assert_felt_by_nothing(without, state, happened, again)


def test_a_training_left_after_every_few_events_ends_the_same(data, tmp_path, monkeypatch):
    """Also when the pictures are a part of them, chosen by the clock."""
    without, happened, _ = run(with_rhythm("epoch"), data)
    impatient(monkeypatch, dearest=module.DEAREST / 100)
    monkeypatch.setattr(module, "FEWEST", 12)
    config, path = with_rhythm("auto"), tmp_path / "last.pt"
    _, _, splits = run(config, data)
    state = begin(config, splits, CPU, None)
    again, parts = [], set()
    while state.epoch < 3:
        training = train(state, setup_of(config), splits)
        some = list(itertools.islice(training, 14))  # long enough for a pilot, a point and the end of an epoch
        again += some
        parts |= {h.images for h in some if isinstance(h, Validated)}
        write_checkpoint(path, {**network_content(state, description_of(config), {}), **resume_content(state, 1)})
        training.close()
        state = begin(config, splits, CPU, None)
        restore(state, load_checkpoint(path), path)
    assert parts == {12}, "the same part in every session"
    assert_felt_by_nothing(without, state, happened, again)


def test_a_point_is_what_the_network_does_on_validation_pictures(data):
    """Every step of an epoch of 5: the last point but one, measured on all, and the end of the epoch tell the same story."""
    config = with_rhythm("1", {"epochs": 1})
    state, seen, splits = run(config, data)
    assert [(p.epoch, p.step, p.images) for p in points(seen)] == [(1, step, len(splits.val)) for step in (1, 2, 3, 4)]
    shorter = with_rhythm("epoch", {"epochs": 1})
    other = begin(shorter, splits, CPU, None)
    training = train(other, setup_of(shorter), splits)
    while other.step < 3:
        next(training)
    from core.training.evaluation import drained, evaluate

    result = drained(evaluate(other.eval_model, splits.val, shorter.loss, 12))
    assert points(seen)[2].metrics == result.metrics("val")


def test_the_last_step_of_an_epoch_has_no_point_of_its_own(data):
    _, seen, _ = run(with_rhythm("5"), data)
    assert not points(seen) and len(epochs(seen)) == 3
    _, seen, _ = run(with_rhythm("3"), data)
    assert [p.step for p in points(seen)] == [3, 6, 9, 12], "counted over all epochs; the 15th ends one"


def test_a_dear_validation_measures_a_part_that_holds_each_class_by_its_share(data, monkeypatch):
    labels = torch.tensor([0] * 500 + [1] * 300 + [2] * 200)[
        torch.randperm(1000, generator=torch.Generator().manual_seed(1))
    ]
    part = part_of(labels, 100)
    assert part.unique().numel() == 100 and int(part.max()) < 1000
    assert labels[part].bincount().tolist() == [50, 30, 20]
    assert torch.equal(part, part_of(labels, 100)), "the same each time"
    assert torch.equal(part_of(labels, 1000), torch.arange(1000))


def test_how_many_pictures_are_not_too_dear():
    assert affordable(1e-6, 5000) == 5000
    assert affordable(module.DEAREST / 237, 5000) == 230, "in two digits, for people to read"
    assert affordable(module.DEAREST / 4500, 5000) == 5000, "nearly all of them are all of them"
    assert affordable(10.0, 5000) == module.FEWEST
    assert affordable(10.0, 12) == 12


class Clock:
    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: self.now))


def trained(clock, between, seconds, step, cost, epoch=10**9, ends=None):
    """Moments at which it validates in so many seconds of steps that take `step`, each validation `cost`."""

    def measuring(pictures):
        clock.now += cost * len(pictures)
        yield Measuring(len(pictures), len(pictures))
        return None

    begun, found, batch, ends = clock.now, [], 0, [] if ends is None else ends
    while clock.now - begun < seconds:
        clock.now += step
        batch += 1
        if between.is_due(batch, -batch % epoch):
            for _ in between.validate(measuring):
                pass
            found.append(clock.now - begun)
        if batch % epoch == 0:
            between.epoch_begins()
            ends.append(clock.now - begun)
    return found


@pytest.mark.parametrize("step", [0.001, 0.05, 0.7])
@pytest.mark.parametrize("cost", [1e-6, 1e-4, 1e-3, 9e-3])  # seconds a picture
def test_by_itself_a_point_comes_within_three_seconds_and_costs_a_tenth_at_most(step, cost, data, monkeypatch):
    config = with_rhythm("auto")
    _, _, splits = run(with_rhythm("epoch", {"epochs": 1}), data)
    val = splits.val.only(torch.arange(20).repeat(300))  # 6,000 pictures
    clock = Clock(monkeypatch)
    between = Between(config.training, val, 0)
    found = trained(clock, between, 300, step, cost)
    gaps = [after - before for before, after in itertools.pairwise([0.0, *found])]
    first = module.PILOT * 5 * cost + between.part * cost
    assert found[0] <= 0.5 + step + first
    assert max(gaps[1:]) <= 3.0 + step
    assert len(found) * between.part * cost <= 0.1 * 300 + first
    assert min(gaps[1:]) >= module.SHORTEST


def test_pictures_that_are_too_dear_in_any_number_make_points_rarer_not_training_slower(data, monkeypatch):
    _, _, splits = run(with_rhythm("epoch", {"epochs": 1}), data)
    val = splits.val.only(torch.arange(20).repeat(15))
    clock = Clock(monkeypatch)
    between = Between(with_rhythm("auto").training, val, 0)
    found = trained(clock, between, 600, 1.0, 0.2)
    assert between.part == module.FEWEST
    assert 3 < len(found) <= 0.1 * 600 / (0.2 * module.FEWEST) + 1


@pytest.mark.parametrize("epoch", [45, 230, 290, 500])
def test_just_before_the_end_of_an_epoch_none_is_made(epoch, data, monkeypatch):
    """Two points beside each other show no more than one, and still none is missed for three seconds."""
    _, _, splits = run(with_rhythm("epoch", {"epochs": 1}), data)
    clock, ends = Clock(monkeypatch), []
    between = Between(with_rhythm("auto").training, splits.val, 0)
    found = trained(clock, between, 300, 0.01, 1e-4, epoch, ends)
    shown = sorted([0.0, *found, *ends])
    gaps = [after - before for before, after in itertools.pairwise(shown)]
    assert max(gaps) <= 3.0 and min(gaps) > 0.15
    assert bool(found) == (epoch > 60)


def test_short_epochs_are_points_enough(data, monkeypatch):
    _, _, splits = run(with_rhythm("epoch", {"epochs": 1}), data)
    clock = Clock(monkeypatch)
    between = Between(with_rhythm("auto").training, splits.val, 0)
    assert trained(clock, between, 60, 0.01, 1e-5, epoch=40) == []


@pytest.mark.parametrize("every", ["", "0", "-3", "1.5", "sometimes", "100 steps", True])
def test_a_wrong_rhythm_is_one_sentence(every):
    with pytest.raises(SettingsError) as caught:
        RunConfig.from_dict({"training": {"validate_every": every}})
    (problem,) = caught.value.problems
    assert problem.path == "training.validate_every"
    assert problem.message.startswith("Validate is ") and problem.message.endswith(".")


def test_a_number_of_steps_may_be_a_number():
    assert RunConfig.from_dict({"training": {"validate_every": 40}}).training.steps_between() == 40
    assert RunConfig.from_dict({}).training.validate_every == "auto"


def test_a_forecast_counts_what_is_measured_within_an_epoch():
    def added(every, epoch=60.0, steps=1000, image=1e-4, images=1000):
        training = RunConfig.from_dict({"training": {"validate_every": every}}).training
        return seconds_between(training, epoch, steps, image, images)

    assert added("epoch") == 0
    assert added(100) == pytest.approx(9 * 0.1), "the tenth is the end of the epoch"
    assert 0 < added("auto") <= 0.1 * 60
    assert added("auto", epoch=0.3) == 0
    assert 0 < added("auto", image=0.05) <= 0.1 * 60
