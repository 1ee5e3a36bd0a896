"""A sweep makes the configs it says, each valid and once."""

import pytest

from core.errors import TrainDeskError
from core.experiments.sweep import Plan, Sweep, plan, specs_of
from core.run_config import RunConfig
from tests.helpers import assert_one_sentence, quick_config

BASE = quick_config(title="Base", optimizer={"name": "sgd", "learning_rate": 0.5, "momentum": 0.3})


def sweep(values, **options):
    return plan(Sweep(BASE, "Trial", values, **options))


def chosen(found: Plan, *paths):
    rows = []
    for config in found.configs:
        data = config.to_dict()
        rows.append(tuple(data[path.split(".")[0]][path.split(".")[1]] for path in paths))
    return rows


def test_a_grid_is_every_combination():
    found = sweep({"optimizer.learning_rate": [0.1, 0.01], "training.batch_size": [16, 32, 64]})
    expected = [(rate, size) for rate in (0.1, 0.01) for size in (16, 32, 64)]
    assert chosen(found, "optimizer.learning_rate", "training.batch_size") == expected
    assert [config.title for config in found.configs][:2] == [
        "Learning rate 0.1, Batch size 16",
        "Learning rate 0.1, Batch size 32",
    ]
    assert {config.experiment for config in found.configs} == {"Trial"}
    assert {config.optimizer.momentum for config in found.configs} == {0.3}, "the rest is as it was"


def test_random_draws_some_of_them_once_each_and_the_same_again():
    values = {"optimizer.learning_rate": [0.1, 0.2, 0.3, 0.4], "training.batch_size": [16, 32, 64]}
    paths = ("optimizer.learning_rate", "training.batch_size")
    drawn = chosen(sweep(values, method="random", samples=5), *paths)
    assert len(set(drawn)) == 5 and set(drawn) <= set(chosen(sweep(values), *paths))
    assert drawn == chosen(sweep(values, method="random", samples=5), *paths)
    assert drawn != chosen(sweep(values, method="random", samples=5, seed=1), *paths)
    assert sorted(chosen(sweep(values, method="random", samples=99), *paths)) == sorted(chosen(sweep(values), *paths))


def test_the_same_settings_with_several_seeds():
    found = sweep({}, seeds=3)
    assert [config.training.seed for config in found.configs] == [0, 1, 2]
    assert [config.title for config in found.configs] == ["Base, seed 0", "Base, seed 1", "Base, seed 2"]


def test_another_optimizer_brings_its_own_defaults_and_the_swept_values():
    found = sweep({"optimizer": ["sgd", "adam"], "optimizer.learning_rate": [0.1]})
    sgd, adam = (config.optimizer for config in found.configs)
    assert (sgd.name, sgd.momentum, sgd.learning_rate) == ("sgd", 0.3, 0.1)
    assert (adam.name, adam.learning_rate) == ("adam", 0.1)
    assert [config.title for config in found.configs] == ["SGD, Learning rate 0.1", "Adam, Learning rate 0.1"]


def test_what_cannot_be_trained_is_left_out_and_named():
    found = sweep({"optimizer": ["sgd", "adam"], "optimizer.momentum": [0.5]})
    assert [config.optimizer.name for config in found.configs] == ["sgd"]
    (sentence,) = found.left_out
    assert sentence.startswith("Adam, Momentum 0.5: ") and "momentum" in sentence


def test_equal_runs_are_made_once():
    assert len(sweep({"optimizer.learning_rate": [0.1, 0.1, 0.2]}).configs) == 2


@pytest.mark.parametrize(
    ("values", "options", "parts"),
    [
        ({"training.epochs": list(range(1, 51)), "training.seed": list(range(5))}, {}, ["250 runs", "at most 200"]),
        ({}, {"seeds": 0}, ["seeds is 0", "from 1 to 200"]),
        ({}, {"seeds": 201}, ["seeds is 201"]),
        ({"training.epochs": [1]}, {"method": "random", "samples": 0}, ["combinations is 0"]),
        ({"training.epochs": []}, {}, ["nothing to try"]),
        ({"training.batch_size": [90_000]}, {}, ["Batch size is 90,000"]),
    ],
)
def test_what_cannot_be_made_is_said(values, options, parts):
    with pytest.raises(TrainDeskError) as caught:
        sweep(values, **options)
    for part in parts:
        assert part in str(caught.value)


def test_an_experiment_needs_a_name():
    with pytest.raises(TrainDeskError) as caught:
        plan(Sweep(BASE, "  ", {}, seeds=2))
    assert_one_sentence(str(caught.value), "name")


def test_random_finds_a_few_among_many():
    values = {
        "training.epochs": list(range(1, 51)),
        "training.seed": list(range(50)),
        "training.patience": list(range(50)),
    }
    assert len(sweep(values, method="random", samples=7).configs) == 7


@pytest.mark.parametrize("path", [path for path in specs_of(BASE) if "." in path])
def test_every_setting_of_the_form_can_be_swept(path):
    spec = specs_of(BASE)[path]
    other = (not spec.default) if spec.kind == "boolean" else list(spec.choices)[-1] if spec.choices else spec.default
    assert sweep({path: [other]}).configs


def test_a_title_never_grows_too_long():
    values = {path: [spec.default] for path, spec in specs_of(BASE).items() if spec.kind == "number"}
    (config, *_) = sweep(values, seeds=2).configs
    assert len(config.title) <= 80 and config.title.endswith(", seed 0")


def test_old_configs_without_an_experiment_still_open():
    data = BASE.to_dict()
    del data["experiment"]
    assert RunConfig.from_dict(data).experiment == ""
