"""A run as a plain script: read, run and changed without TrainDesk."""

import itertools
import subprocess
from functools import cache

import pytest

from core.architectures import ARCHITECTURES
from core.datasets import DATASETS
from core.export.script import script
from core.export.script.network import written_network
from core.export.script.script import write_script
from core.run_config import RunConfig
from core.runs.history import History
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS
from core.training.schedules import SCHEDULES
from tests.core.export.script.scripts import EVERY_NETWORK, RUFF, alone, dataset_for, installed, unread, variants
from tests.helpers import quick_config

OPTIONS = [
    {"augmentation": {"flip": True, "crop": 4, "mixup": 0.2}, "training": {"patience": 2}},
    {"augmentation": {"rotation": 9, "shear": 0.1, "flip": True}, "training": {"balance": "weights"}},
    {"augmentation": {"shift": 0.1, "scale": 0.1, "stretch": 0.2, "cutout": 0.3}, "training": {"balance": "sampling"}},
    {"augmentation": {"brightness": 0.3, "contrast": 0.2, "gamma": 0.5}, "training": {"average_decay": 0.99}},
    {"training": {"gradient_clip": 1.0, "best_by": "loss", "precision": "bfloat16", "repeatable": True}},
    {"training": {"training_pictures": 20, "best_by": "last", "batch_size": 70}},
]


def combinations() -> list[RunConfig]:
    """Every architecture with every dataset, every optimizer with every schedule and loss; in turn the options, and which part
    of a network trains."""
    every = list(itertools.product(OPTIMIZERS.names(), SCHEDULES.names(), LOSSES.names()))
    parts = []
    for turn, (name, dataset) in enumerate(itertools.product(ARCHITECTURES.names(), DATASETS.names())):
        networks = variants(name)
        parts.append((networks[(turn + turn // 3) % len(networks)], dataset_for(dataset), *every[turn]))
    parts += [({"name": "mlp"}, {"name": "digits"}, *each) for each in every[len(parts) :]]
    assert {tuple(network.values()) for network, *_ in parts} == {tuple(each.values()) for each in EVERY_NETWORK}
    configs = []
    for number, (network, dataset, optimizer, schedule, loss) in enumerate(parts):
        option = OPTIONS[number % len(OPTIONS)]
        if "weights" in network:
            network = {**network, "weights": ("random", "imagenet", "file")[number % 3], "weights_file": 'a "b".pth'}
        fit = {**network, "channels": [8, 16]} if network["name"] == "photo_cnn" else network
        fit = {**fit, "channels": [8, 16, 16]} if network["name"] == "cifar_cnn" else fit
        fit = {**fit, "channels": [8, 16]} if network["name"] == "airbench" else fit
        configs.append(
            RunConfig.from_dict(
                {
                    "title": f'Nr {number} "quoted" \\ here',
                    "architecture": fit,
                    "dataset": dataset,
                    "optimizer": {"name": optimizer, "weight_decay": 0.01 * (number % 2)},
                    "schedule": {
                        "name": schedule,
                        **({"warmup": 1} if number % 3 == 0 and schedule != "one_cycle" else {}),
                    },
                    "loss": {"name": loss, "label_smoothing": 0.1 * (number % 2)},
                    **option,
                    "training": {"epochs": 3, "batch_size": 40, **option["training"]},
                }
            )
        )
    return configs


def test_every_combination_compiles_and_is_as_ruff_would_write_it(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "written_network", cache(written_network))
    for number, config in enumerate(combinations()):
        text = unread(config)
        compile(text, "train.py", "exec")
        (tmp_path / f"train_{number}.py").write_text(text, encoding="utf-8")
    for command in (["check"], ["format", "--check", "--diff"]):
        result = subprocess.run([*RUFF, *command, "--isolated", "."], cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 0, (result.stdout + result.stderr)[:4000]


def test_only_what_the_run_uses_is_in_it():
    text = unread(quick_config())
    for absent in (
        "copy.deepcopy(network).req",
        "random.",
        "autocast",
        "share(",
        "smoothing",
        "weights[",
        "waited",
        "changed",
    ):
        assert absent not in text
    assert text.count("\n") < 110


@pytest.mark.parametrize("recipe", ["digits", "fast_mnist", "fast_cifar", "resnet18"])
def test_a_recipe_is_one_to_two_screens(recipe):
    from core.recipes import find_recipe

    assert unread(find_recipe(recipe).config()).count("\n") <= 145


def test_a_title_of_a_stranger_stays_a_comment():
    text = unread(quick_config(title='"""\nimport os\r\u2028os.remove("x") \\'))
    assert not any(line.startswith(("import os", "os.")) for line in text.splitlines())
    compile(text, "train.py", "exec")


def test_it_runs_alone_to_the_accuracy_of_the_run(finished_run, tmp_path):
    """In a process that finds torch, torchvision and, for these digits, scikit-learn."""
    (tmp_path / "packages").mkdir()
    place = tmp_path / "train.py"
    facts = write_script(finished_run, place, "", tmp_path / "none", lambda *_: None)
    assert facts["beside"] == [] and f"{finished_run.id}" in place.read_text()
    accuracy = History(finished_run).update().test["test/accuracy"]
    assert f"{100 * accuracy:.1f} % of the test pictures" in place.read_text()
    said = alone(place, installed(tmp_path / "packages", "torch", "torchvision", "scikit-learn"))
    assert float(said.split("test: ")[1].split("%")[0]) / 100 == pytest.approx(accuracy, abs=0.03), said


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.links
def test_mnist_is_read_as_torchvision_has_it_and_learned(data_folder, nothing_else, tmp_path):
    """A part of it: all would take ten seconds. That the script ends with the weights of the run: `test_loop`."""
    from core.recipes import find_recipe

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "MNIST").symlink_to((data_folder / "MNIST").resolve(), target_is_directory=True)
    place, recipe = tmp_path / "train.py", find_recipe("fast_mnist").config()
    some = recipe.with_changes({"training.training_pictures": 1000})
    place.write_text(unread(some), encoding="utf-8")
    said = alone(place, nothing_else)
    assert float(said.split("test: ")[1].split("%")[0]) > 97, said
