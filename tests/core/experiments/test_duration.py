"""The total of a sweep is said where it follows from one run, and only there."""

import pytest

from core.experiments.duration import FORWARD, seconds_of_all
from core.experiments.sweep import Sweep, plan
from core.recipes import find_recipe
from core.run_config import RunConfig

BASE = find_recipe("digits").config()


def total(tmp_path, at_once=1, base=BASE, **values):
    made = plan(Sweep(base, "Try", {path.replace("__", "."): list(each) for path, each in values.items()}))
    return seconds_of_all(60.0, base, made.configs, [1.0] * at_once, tmp_path)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("optimizer__learning_rate", (0.1, 0.01, 0.001)),
        ("optimizer__weight_decay", (0.0, 0.1, 0.2)),
        ("loss__label_smoothing", (0.0, 0.1, 0.2)),
        ("training__seed", (1, 2, 3)),
    ],
)
def test_what_leaves_the_work_as_it_is_takes_as_long_each(tmp_path, path, values):
    assert total(tmp_path, **{path: values}) == pytest.approx(180)
    assert total(tmp_path, at_once=2, **{path: values}) == pytest.approx(120)


def test_epochs_scale(tmp_path):
    epochs = BASE.training.epochs
    assert total(tmp_path, training__epochs=(epochs, 2 * epochs, 3 * epochs)) == pytest.approx(360)


def test_training_pictures_scale_by_the_plan_and_validation_stays(tmp_path):
    shared = BASE.dataset.shared_out(tmp_path, BASE.training.validation_share, 0, 0)
    train, val, test = (shared.total(part) for part in range(3))
    few = 10 * len(shared.names)
    epochs = BASE.training.epochs
    work = [epochs * (pictures + FORWARD * val) + FORWARD * test for pictures in (few, 2 * few, train)]
    found = total(tmp_path, training__training_pictures=(10, 20, 0))
    assert found == pytest.approx(60 * sum(work) / work[-1]) and found < 120


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("training__batch_size", (16, 32)),
        ("architecture", ("mlp", "simple_cnn")),
        ("augmentation__rotation", (0.0, 10.0)),
        ("optimizer__learning_rate", (0.01,)),
    ],
)
def test_nothing_is_said_where_the_work_is_another_or_there_is_one_run(tmp_path, path, values):
    assert total(tmp_path, **{path: values}) is None


def test_nothing_is_said_of_runs_that_may_end_early(tmp_path):
    data = BASE.to_dict()
    data["training"]["patience"] = 3
    assert total(tmp_path, base=RunConfig.from_dict(data), optimizer__learning_rate=(0.1, 0.01)) is None
