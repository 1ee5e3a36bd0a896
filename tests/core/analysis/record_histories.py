"""Trains the runs whose histories the coach is tested on, and keeps of each only what the coach reads.

    python -m tests.core.analysis.record_histories DATA_FOLDER [NAME ...]

DATA_FOLDER holds MNIST, and ants_bees.zip (photographs of ants and bees in folders train and val). Each
run is trained by the program's own worker, on one thread, and lands in
tests/core/analysis/coach_histories/NAME.json.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent / "coach_histories"
KEPT = {
    "started": ("class_names", "train_images", "val_images", "epochs", "steps_per_epoch"),
    "resumed": ("class_names", "train_images", "val_images", "epochs", "steps_per_epoch", "step", "epoch"),
    "epoch": ("epoch", "step", "train/loss", "train/accuracy", "val/loss", "val/accuracy", "best", "seconds"),
    "learning_rate": ("step", "learning_rate"),
    "finished": ("message",),
    "stopped": ("message",),
    "failed": ("message",),
    "resuming": (),
}
MLP: dict[str, Any] = {"architecture": {"name": "mlp", "hidden": [64]}}
CNN: dict[str, Any] = {"architecture": {"name": "simple_cnn", "channels": [16, 32], "hidden": [64]}}
DEEP: dict[str, Any] = {"architecture": {"name": "mlp", "hidden": [64, 64, 64, 64, 64]}}
NORMED: dict[str, Any] = {"architecture": {"name": "improved_cnn", "channels": [32, 64], "dropout": 0.5}}
HEAVY = {"shift": 0.1, "rotation": 12, "scale": 0.12, "stretch": 0.2, "shear": 0.5, "gamma": 1.7, "mixup": 0.4}
ADAM, SGD = {"name": "adam", "learning_rate": 0.001}, {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9}


def digits(epochs: int, network: dict[str, Any] = MLP, **settings: Any) -> dict[str, Any]:
    """A config on the 8 x 8 digits; `training` adds to what it says of the training."""
    training = {"epochs": epochs, "batch_size": 64, "validation_share": 0.15, **settings.pop("training", {})}
    return {"dataset": "digits", "optimizer": ADAM, **network, **settings, "training": training}


def mnist(epochs: int, **settings: Any) -> dict[str, Any]:
    return digits(epochs, **{"dataset": "mnist", **settings})


# (training pictures, validation pictures, share of wrong labels) of sets of own pictures, made of MNIST's digits
OWN = {
    "fifty": (50, 300, 0.0),
    "wrong": (300, 300, 0.3),
    "one": (80, 1, 0.0),
    "few": (200, 40, 0.0),
    "thousand": (1000, 500, 0.0),
    "drawn": (120, 60, 0.0),
}


def own(name: str, epochs: int, **settings: Any) -> dict[str, Any]:
    batch = {"batch_size": 16}
    dataset = {"name": "own_images", "source": name, "side": 28, "fit": "ink", "colour": "grey"}
    return digits(epochs, **{"dataset": dataset, **settings, "training": {**batch, **settings.pop("training", {})}})


# name -> config, and after which epoch which learning rate is asked for, or by how many epochs it is lengthened at its end
RUNS: dict[str, tuple[dict[str, Any], dict[int, float], int]] = {
    "digits_heavy_augmentation": (digits(120, NORMED, augmentation=HEAVY, optimizer=ADAM | {"learning_rate": 0.002},
                                         training={"batch_size": 32}), {}, 0),
    "digits_slow_motion": (digits(40, MLP, augmentation=HEAVY | {"mixup": 0}, training={"epoch_seconds": 0.4}), {}, 0),
    "digits_cosine": (digits(60, MLP, schedule={"name": "cosine", "warmup": 3}), {}, 0),
    "digits_cosine_augmented": (digits(80, NORMED, schedule="cosine", augmentation=HEAVY), {}, 0),
    "digits_cosine_lengthened": (digits(20, MLP, schedule="cosine"), {}, 20),
    "digits_one_cycle": (digits(30, CNN, schedule="one_cycle", optimizer=ADAM | {"learning_rate": 0.01}), {}, 0),
    "digits_step": (digits(60, MLP, optimizer=SGD, schedule={"name": "step", "every": 15, "gamma": 0.2},
                           augmentation={"shift": 0.1}), {}, 0),
    "digits_plateau": (digits(80, CNN, optimizer=ADAM | {"learning_rate": 0.01}, augmentation={"shift": 0.12, "rotation": 20},
                              schedule={"name": "plateau", "patience": 4}), {}, 0),
    "digits_constant_long": (digits(150, MLP, training={"validation_share": 0.3}), {}, 0),
    "digits_sgd_rate_5": (digits(30, MLP, optimizer={"name": "sgd", "learning_rate": 5}), {}, 0),
    "digits_adam_rate_1": (digits(12, CNN, optimizer=ADAM | {"learning_rate": 1}), {}, 0),
    "digits_sgd_infinite": (digits(10, CNN, optimizer={"name": "sgd", "learning_rate": 10, "momentum": 0.99}), {}, 0),
    "digits_rate_tiny": (digits(15, MLP, optimizer=ADAM | {"learning_rate": 1e-7}), {}, 0),
    "digits_rate_small": (digits(100, MLP, optimizer={"name": "sgd", "learning_rate": 0.003}), {}, 0),
    "digits_rate_raised": (digits(50, MLP), {15: 0.3, 30: 0.0005}, 0),
    "digits_rate_lowered": (digits(60, NORMED, optimizer=ADAM | {"learning_rate": 0.02},
                                   augmentation=HEAVY | {"mixup": 0}), {35: 0.001}, 0),
    "digits_averaged": (digits(60, NORMED, augmentation=HEAVY | {"mixup": 0},
                               training={"average_decay": 0.99, "batch_size": 32}), {}, 0),
    "digits_lengthened": (digits(8, MLP), {}, 12),
    "digits_patience": (digits(200, CNN, training={"patience": 15}), {}, 0),
    "digits_steps_late": (digits(70, CNN, optimizer=SGD | {"learning_rate": 0.15}, augmentation={"shift": 0.15, "rotation": 25},
                                 schedule={"name": "step", "every": 50, "gamma": 0.1}), {}, 0),
    "digits_cosine_high": (digits(90, MLP, optimizer=ADAM | {"learning_rate": 0.03}, schedule="cosine",
                                  augmentation={"shift": 0.1}), {}, 0),
    "digits_no_numbers": (digits(10, DEEP, optimizer=SGD | {"learning_rate": 10}), {}, 0),
    "digits_one_epoch": (digits(1, CNN), {}, 0),
    "digits_two_epochs": (digits(2, CNN), {}, 0),
    "digits_three_epochs": (digits(3, CNN), {}, 0),
    "digits_squared_error": (digits(30, MLP, loss="mse"), {}, 0),
    "mnist_mlp": (mnist(10, network={"architecture": {"name": "mlp", "hidden": [200, 200]}},
                        optimizer={"name": "sgd", "learning_rate": 0.01, "momentum": 0.9},
                        training={"batch_size": 200, "validation_share": 0.02}), {}, 0),
    "mnist_fast": (mnist(1, network={"architecture": {"name": "simple_cnn", "channels": [16, 32, 64], "hidden": []}},
                         optimizer=ADAM | {"learning_rate": 0.006}, schedule="one_cycle",
                         training={"batch_size": 64, "validation_share": 0.1}), {}, 0),
    "own_thousand": (own("thousand", 40, network=CNN), {}, 0),
    "own_fifty_by_heart": (own("fifty", 60), {}, 0),
    "own_wrong_labels": (own("wrong", 60, network=CNN), {}, 0),
    "own_one_validation_picture": (own("one", 40), {}, 0),
    "own_few_validation_pictures": (own("few", 40), {}, 0),
}  # fmt: skip
# Of kinds that none of the rules was made on: what the coach says of these was looked at only afterwards.
HELD_OUT: dict[str, tuple[dict[str, Any], dict[int, float], int]] = {
    "held_out_photo_cnn": (own("drawn", 40, network={"architecture": "photo_cnn"}, schedule="one_cycle",
                               augmentation={"shift": 0.1, "rotation": 10}), {}, 0),
    "held_out_transfer": (own("ants_bees", 30, dataset={"name": "own_images", "source": "ants_bees", "side": 160,
                                       "normalisation": "half"},
                              network={"architecture": "efficientnet_lite0"}, training={"batch_size": 32}), {}, 0),
    "held_out_step": (mnist(30, optimizer=SGD, schedule={"name": "step", "every": 8, "gamma": 0.3},
                            training={"training_pictures": 100, "validation_share": 0.02}), {}, 0),
    "held_out_deep_cnn": (mnist(25, network={"architecture": {"name": "simple_cnn", "channels": [16, 16, 32, 32]}},
                                optimizer=SGD | {"learning_rate": 0.02},
                                training={"training_pictures": 60, "validation_share": 0.02}), {}, 0),
    "held_out_smoothed_cosine": (mnist(25, network=CNN, loss={"name": "cross_entropy", "label_smoothing": 0.1}, schedule="cosine",
                                       training={"training_pictures": 100, "validation_share": 0.02}), {}, 0),
    "held_out_twenty_of_each": (mnist(60, network=CNN, training={"training_pictures": 20, "validation_share": 0.02,
                                                                 "batch_size": 32}), {}, 0),
}  # fmt: skip
FAST_START = "digits_fast_start"  # starts from the network of another run


def make_own_set(name: str, data: Path) -> None:
    """A set of own pictures, brought in as any ZIP is: of MNIST's digits where OWN has it, else DATA_FOLDER's NAME.zip."""
    from core.image_sets.folders import sets_folder
    from core.image_sets.ingest import ingest

    place = sets_folder(data) / name
    if place.exists():
        return
    path = _digits_zip(name, data) if name in OWN else data / f"{name}.zip"
    dataset, _ = ingest(path, data / f"{name} in the making", name, lambda *_: None)
    place.parent.mkdir(parents=True, exist_ok=True)
    dataset.set_about(title=name)
    dataset.folder.rename(place)


def _digits_zip(name: str, data: Path) -> Path:
    from core.datasets import DATASETS

    train, val, wrong = OWN[name]
    images = DATASETS.parse("mnist").load(data)
    pixels, labels = np.asarray(images.train_images), np.asarray(images.train_labels)
    classes = 2 if name == "one" else 10
    chosen = np.random.default_rng(1).permutation(np.flatnonzero(labels < classes))
    random = np.random.default_rng(2)
    path = data / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for position, index in enumerate(chosen[: train + val + 50]):
            split = "train" if position < train else "val" if position < train + val else "test"
            label = int(labels[index])
            if split == "train" and random.random() < wrong:
                label = int(random.integers(classes))
            buffer = io.BytesIO()
            Image.fromarray(np.pad(255 - pixels[index].reshape(28, 28), 8, constant_values=255)).save(buffer, "PNG")
            archive.writestr(f"{split}/{label}/{index}.png", buffer.getvalue())
    return path


def record(name: str, data: Path, runs: Path) -> None:
    """Trains one run and writes its history down."""
    from core.run_config import RunConfig
    from core.runs.store import create_run
    from core.workers.control import ask_to_resume
    from core.workers.worker import work

    if name == FAST_START:
        first = create_run(RunConfig.from_dict(digits(25, CNN)), runs)
        work(first, data)
        settings, rates, more = digits(25, CNN, training={"start_from": first.id}), {}, 0
    else:
        settings, rates, more = {**RUNS, **HELD_OUT}[name]
    if isinstance(settings["dataset"], dict):
        make_own_set(settings["dataset"]["source"], data)
    run = create_run(RunConfig.from_dict({**settings, "title": name}), runs)

    def listen(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and event["epoch"] in rates:
            run.request_learning_rate(rates[event["epoch"]])

    work(run, data, listen)
    if more:
        ask_to_resume(run, more)
        work(run, data, listen)
    config = run.config().to_dict()
    config["training"]["start_from"] = ""
    happened = [
        {
            "event": event["event"],
            "time": 0,
            **{key: _rounded(event[key]) for key in KEPT[event["event"]] if key in event},
        }
        for event in run.events()[0]
        if event["event"] in KEPT
    ]
    lines = ",\n".join(json.dumps(event) for event in happened)
    path = FOLDER / f"{name}.json"
    path.write_text(f'{{"config": {json.dumps(config)},\n"events": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{name}: {happened[-1].get('message')}")


def _rounded(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def main() -> None:
    data, names = Path(sys.argv[1]).resolve(), sys.argv[2:] or [*RUNS, FAST_START, *HELD_OUT]
    os.environ["TRAINDESK_DATA"] = str(data)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as runs:
        for name in names:
            record(name, data, Path(runs))


if __name__ == "__main__":
    main()
